import { found, scannerOf } from "./scan.ts";

describe("e-mail addresses", () => {
  it.each([
    ["Write to maria@example.com.", "maria@example.com"],
    ["<maria.keller+news@mail.example.co.uk>", "maria.keller+news@mail.example.co.uk"],
    ["o'brien@example.ie", "o'brien@example.ie"],
    ["josé@exämple.de, и иван@пример.рф", "josé@exämple.de", "иван@пример.рф"],
    ["请联系maria@example.com谢谢", "maria@example.com"],
    ["mailto:maria@example.com?subject=hi", "maria@example.com"],
    ["user=maria@example.com&x=1", "maria@example.com"],
    ["see...maria@example.com", "maria@example.com"],
    ["maria@example.com-Sales", "maria@example.com"],
    ["\\nmaria@example.com\\tnext", "maria@example.com"],
    ["\\\\nmaria@example.com", "maria@example.com"],
    ["\\u003cmaria@example.com\\u003e", "maria@example.com"],
    ["?to=%20maria%40example.com", "maria%40example.com"],
    ["maria＠example．com", "maria＠example．com"],
    ["maria@exam\u200bple.com", "maria@exam\u200bple.com"],
  ])("%j", (text, ...addresses) => {
    expect(found(text)).toEqual(addresses.map((address) => `email: ${address}`));
  });

  it.each([
    "npm i react@18.2.0",
    "icon@2x.png",
    "git@github.com:a/b.git",
    "@app.route",
    "a @ b.com",
    "root@localhost",
    "maria.@example.com",
    "me@-x.com",
  ])("not %j", (text) => expect(found(text)).toEqual([]));
});

describe("payment cards", () => {
  it.each([
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "378282246310005",
    "3782 822463 10005",
    "30569309025904",
    "6011 0009 9013 9424",
    "5555555555554444",
    "2223003122003222",
    "3530111333300000",
    "6304000000000000",
  ])("%j", (card) => expect(found(`pay with ${card}, please`)).toEqual([`credit_card: ${card}`]));
  it.each([
    "4111 1111 1111 1112",
    "1111111111111117",
    "0.4111111111111111",
    "4111 1111-1111 1111",
    "0000 0000 0000 0000",
    "1714000000000",
    "x4111111111111111",
    "630427373398",
  ])("not %j", (text) => expect(found(text)).toEqual([]));
  it("twelve digits only after the word", () =>
    expect(found("my card 630427373398")).toEqual(["credit_card: 630427373398"]));
  it("in other digits, with spaces that are none", () => {
    expect(found("４１１１　１１１１　１１１１　１１１１")).toEqual([
      "credit_card: ４１１１　１１１１　１１１１　１１１１",
    ]);
    expect(found("4111\u00a01111\u200b 1111\u20091111")).toEqual(["credit_card: 4111\u00a01111\u200b 1111\u20091111"]);
    expect(found("٤١١١ ١١١١ ١١١١ ١١١١")).toEqual(["credit_card: ٤١١١ ١١١١ ١١١١ ١١١١"]);
  });
});

describe("IBANs", () => {
  it.each([
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "GB33BUKB20201555555555",
    "KZ86 125K ZT50 0410 0100",
    "MT84MALT011000012345MTLCAST001S",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NO93 8601 1117 947",
    "BR18 0036 0305 0000 1000 9795 493C 1",
  ])("%j", (iban) => expect(found(`to ${iban}.`)).toEqual([`iban: ${iban}`]));
  it.each(["DE88370400440532013000", "DE8937040044053201300", "XX89370400440532013000", "ADE89370400440532013000"])(
    "not %j",
    (text) => expect(found(text, scannerOf({ pii: { phone: "off", creditCard: "off" } }))).toEqual([]),
  );
});

describe("US social security numbers", () => {
  it.each(["123-45-6789", "123 45 6789"])("%j", (ssn) => expect(found(`it is ${ssn}`)).toEqual([`us_ssn: ${ssn}`]));
  it("bare digits only after the name", () => {
    expect(found("SSN: 123456789")).toEqual(["us_ssn: 123456789"]);
    expect(found("part 123456789")).toEqual([]);
  });
  it.each([
    "000-45-6789",
    "666-45-6789",
    "900-45-6789",
    "123-00-6789",
    "123-45-0000",
    "12-123-45-6789",
    "1 123 45 6789",
  ])("not %j", (text) => expect(found(text, scannerOf({ pii: { phone: "off" } }))).toEqual([]));
});

describe("IP addresses", () => {
  it.each([
    "192.168.17.4",
    "8.8.8.8",
    "10.0.0.0/8",
    "2001:db8::1",
    "2001:db8:0:0:0:0:2:1",
    "fe80::1%eth0",
    "::ffff:192.0.2.1",
    "64:ff9b::198.51.100.1",
    "2001:db8::/32",
    "A099::09C0:876A:130B",
  ])("%j", (address) => expect(found(`from ${address}, then`)).toEqual([`ip_address: ${address}`]));
  it("in a URL", () =>
    expect(found("http://10.1.2.3:8080/x and [2001:db8::2]:443")).toEqual([
      "ip_address: 10.1.2.3",
      "ip_address: 2001:db8::2",
    ]));
  it.each([
    "999.999.999.999",
    "192.168.1.256",
    "1.2.3",
    "v1.2.3.4",
    "version 1.2.3.4",
    "section 8.1.2.2",
    "§5.2.2.10",
    "Chrome/120.0.0.0",
    "1.3.6.1.4.1.311",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.0",
    "::1",
    "::",
    "12:34:56",
    "00:1A:2B:3C:4D:5E",
    "00:1A:2B:3C:4D:5E:6F:70",
    "std::cout",
    "f64::MAX",
    "a::b",
    "fe80::1text",
    "2001::25de::cade",
    "12345:db8::1",
    "1:2:3:4",
  ])("not %j", (text) => expect(found(text)).toEqual([]));
});

describe("phone numbers", () => {
  it.each([
    ["+49 30 1234567"],
    ["+49 (0)30 1234567"],
    ["+14155550132"],
    ["+1 (415) 555-0132"],
    ["+442079460958"],
    ["0044 20 7946 0958"],
    ["(415) 555-0132"],
    ["415-555-0132 ext. 12"],
    ["1-415-555-0132"],
    ["415.555.0132"],
    ["01.84.17.61.18"],
    ["0176 12345678"],
    ["030/1234567"],
    ["09-7625400"],
    ["01761234567"],
  ])("%j anywhere", (phone) => expect(found(`it is ${phone}, ask him`)).toEqual([`phone: ${phone}`]));

  it.each(["78 651 450", "9472 7916", "5321234567", "(64) 3591-3246", "668 5702"])(
    "%j next to a word that says so",
    (phone) => {
      expect(found(`call me on ${phone}.`)).toEqual([`phone: ${phone}`]);
      expect(found(`${phone} office`)).toEqual([`phone: ${phone}`]);
      expect(found(`order ${phone}.`)).toEqual([]);
    },
  );

  it("reads the words of identifiers", () => {
    expect(found("phoneNumber: 5551234567, phone_number=5551234568")).toEqual([
      "phone: 5551234567",
      "phone: 5551234568",
    ]);
  });

  it("lets the nearer word decide", () => {
    expect(found("Call us about order number 555 123 4567")).toEqual([]);
    expect(found("About your order: the phone number is 555 123 4567")).toEqual(["phone: 555 123 4567"]);
  });

  it.each([
    "1714000000",
    "order 1234567890",
    "2024-01-15 10:30:00",
    "call me on 2024-01-15",
    "phone 12.345.678",
    "number7: 5.1234567",
    "size: number = 134217728",
    "`number` (optional), by default 134217728",
    "orderNumber: 5551234567",
    "31.01.2024 10",
    "+99 123 456",
    "3.14159265358979",
    "call 10.0.0.0.1.2.3",
    "0-306-40615-2",
    "12 34 56 78",
  ])("not %j", (text) => expect(found(text)).toEqual([]));
});

describe("two readings of one number", () => {
  it("takes the one with a checksum", () => {
    expect(found("call 4111 1111 1111 1111 now")).toEqual(["credit_card: 4111 1111 1111 1111"]);
    expect(found("1 4111 1111 1111 1111 555")).toEqual(["credit_card: 4111 1111 1111 1111"]);
    expect(found("phone: DE89 3704 0044 0532 0130 00")).toEqual(["iban: DE89 3704 0044 0532 0130 00"]);
    expect(found("call 4111 1111 1111 1111 415 555 0132")).toEqual([
      "credit_card: 4111 1111 1111 1111",
      "phone: 415 555 0132",
    ]);
    expect(found("call 1 123-45-6789 415-555-0132")).toEqual(["us_ssn: 123-45-6789", "phone: 415-555-0132"]);
    expect(found("call 123-45-6789")).toEqual(["us_ssn: 123-45-6789"]);
    expect(found("call 192.168.100.200")).toEqual(["ip_address: 192.168.100.200"]);
  });
});

describe("a date", () => {
  it.each([
    ["2024-01-31 4111 1111 1111 1111", "credit_card: 4111 1111 1111 1111"],
    ["2024-10-10-4111-1111-1111-1111", "credit_card: 4111-1111-1111-1111"],
    ["31-12-2024 123-45-6789", "us_ssn: 123-45-6789"],
    ["31.01.2024 212-555-0134", "phone: 212-555-0134"],
    ["on 1/31/2024: 8.8.8.8", "ip_address: 8.8.8.8"],
    ["2024-01-10.5.6.7", "ip_address: 10.5.6.7"],
    ["DE89 3704 0044 0532 0130 00 on 31.01.2024", "iban: DE89 3704 0044 0532 0130 00"],
  ])("hides nothing that stands next to it: %s", (text, expected) => expect(found(text)).toEqual([expected]));

  it.each(["2024-01-31 10:30:00", "31.01.2024, 1/31/2024", "call on 2024-01-31 or 31-12-2024"])(
    "is none of it: %s",
    (text) => expect(found(text)).toEqual([]),
  );
});
