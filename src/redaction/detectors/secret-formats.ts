import { Buffer } from "node:buffer";

/** One way to write a credential: what it begins with, the whole of it, and what has to be true besides. */
export interface SecretFormat {
  readonly name: string;
  /** What it begins with, three ASCII characters at least: these are looked up, the pattern is tried only there. */
  readonly starts: readonly string[];
  /** From the start on, sticky. Whatever has no upper bound matches once it has its lower one, so that no text is read twice. */
  readonly pattern: RegExp;
  /** Bits of entropy per character below which it is a placeholder. */
  readonly entropy: number;
  readonly check: ((match: string) => boolean) | undefined;
}

/** No character of the token's own alphabet follows: a longer run is something else. */
const end = "(?![A-Za-z0-9_-])";

function format(
  name: string,
  starts: string,
  pattern: string,
  entropy = 3,
  check?: SecretFormat["check"],
): SecretFormat {
  return { name, starts: starts.split(" "), pattern: new RegExp(`(?:${pattern})${end}`, "y"), entropy, check };
}

/** RFC 7519: the header is base64url of a JSON object that names its algorithm. */
function isJwt(match: string): boolean {
  const header = Buffer.from(match.slice(0, match.indexOf(".")), "base64url").toString("latin1");
  return /^\{.*"(?:alg|enc)"/s.test(header);
}

const wrapsPrivateKey = (match: string) =>
  Buffer.from(match.slice(0, 64), "base64").toString("latin1").includes("PRIVATE KEY");

/** Facts from the providers' documentation and the rule sets of gitleaks, CredSweeper, Kingfisher and Nosey Parker. */
export const prefixed: readonly SecretFormat[] = [
  format(
    "github_token",
    "ghp_ gho_ ghu_ ghs_ ghr_",
    "gh[pousr]_[A-Za-z0-9]{36,251}|ghs_\\d+_eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+",
  ),
  format("github_fine_grained_token", "github_pat_", "github_pat_\\w{82}"),
  format(
    "gitlab_token",
    "glpat- glrt- glptt- gldt- glft- glsoat- glffct-",
    "gl(?:pat|rt|ptt|dt|ft|soat|ffct)-[\\w-]{20,300}(?:\\.[a-z0-9]{2}\\.?[a-z0-9]{7})?",
  ),
  format(
    "gitlab_token",
    "glcbt- glimt- glagent- gloas-",
    "gl(?:cbt-(?:[0-9a-zA-Z]{1,5}_)?[\\w-]{20}|imt-[\\w-]{25}|agent-[\\w-]{50}|oas-[0-9a-zA-Z]{64})",
  ),
  format("gitlab_token", "GR1348941", "GR1348941[\\w-]{20,50}"),
  format(
    "bitbucket_token",
    "ATBB ATCTT3xFfGN0 BBDC-",
    "ATBB[A-Za-z0-9]{24}[A-F0-9]{8}|ATCTT3xFfGN0[\\w=-]{80,}|BBDC-[\\w+/@-]{40,50}",
  ),
  format("atlassian_token", "ATATT3", "ATATT3[\\w=-]{80,}"),
  format("npm_token", "npm_", "npm_[A-Za-z0-9]{36}"),
  format("pypi_token", "pypi-", "pypi-Ag(?:EIcHlwaS5vcmc|ENdGVzdC5weXBpLm9yZ)[\\w-]{50,1000}"),
  format("rubygems_key", "rubygems_", "rubygems_[0-9a-f]{48}"),
  format("nuget_key", "oy2", "oy2[a-z0-9]{43}"),
  format("clojars_token", "CLOJARS_", "CLOJARS_[a-z0-9]{60}", 2.5),
  format("docker_token", "dckr_pat_ dckr_oat_", "dckr_pat_[\\w-]{27}|dckr_oat_[\\w-]{32}"),
  format("docker_swarm_key", "SWMTKN-1- SWMKEY-1-", "SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}|SWMKEY-1-[A-Za-z0-9+/]{43}"),
  format("jfrog_token", "cmVmdGtu AKCp", "cmVmdGtu[A-Za-z0-9]{56}|AKCp[A-Za-z0-9]{69}"),
  format("aws_access_key_id", "AKIA ASIA ABIA ACCA A3T", "(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}"),
  format(
    "aws_bedrock_key",
    "ABSK bedrock-api-key-",
    "ABSK[A-Za-z0-9+/]{109,}={0,2}|bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[\\w+/=-]*",
  ),
  format("aws_mws_key", "amzn.mws.", "amzn\\.mws\\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
  format("aws_appsync_key", "da2-", "da2-[a-z0-9]{26}"),
  format("google_api_key", "AIza", "AIza[\\w-]{35}"),
  format("google_oauth_token", "GOCSPX- ya29. 1//0", "GOCSPX-[\\w-]{28}|ya29\\.[\\w.-]{22,}|1//0[\\w-]{60,}"),
  format("alibaba_access_key_id", "LTAI", "LTAI[A-Za-z0-9]{12,20}"),
  format("digitalocean_token", "dop_v1_ doo_v1_ dor_v1_", "do[opr]_v1_[0-9a-f]{64}"),
  format(
    "cloudflare_token",
    "cfut_ cfat_ cfk_ v1.0-",
    "cf(?:ut|at|k)_[A-Za-z0-9]{48}|v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}",
  ),
  format("heroku_key", "HRKU-AA", "HRKU-AA[\\w-]{58}"),
  format("fly_token", "fo1_ fm1a_ fm1r_ fm2_", "fo1_[\\w-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,}={0,3}"),
  format("vercel_token", "vcp_ vci_ vca_ vcr_ vck_", "vc[piarck]_[A-Za-z0-9]{56}"),
  format("netlify_token", "nfp_", "nfp_[A-Za-z0-9]{36}"),
  format("supabase_key", "sbp_ sb_secret_", "sbp_(?:v0_)?[0-9a-f]{40}|sb_secret_[\\w-]{30,}"),
  format("planetscale_token", "pscale_tkn_ pscale_pw_ pscale_oauth_", "pscale_(?:tkn|pw|oauth)_[\\w=.-]{32,64}"),
  format("databricks_token", "dapi", "dapi[0-9a-fA-F]{32}(?:-\\d)?"),
  format("vault_token", "hvs. hvb. hvr.", "hv[sr]\\.[\\w-]{90,120}|hvb\\.[\\w-]{138,300}"),
  format("pulumi_token", "pul-", "pul-[0-9a-f]{40}"),
  format(
    "doppler_token",
    "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
    "dp\\.(?:pt|ct|sa|scim|audit)\\.[A-Za-z0-9]{40,44}|dp\\.st\\.(?:[\\w-]{2,35}\\.)?[A-Za-z0-9]{40,44}",
  ),
  format("onepassword_token", "ops_eyJ", "ops_eyJ[\\w+/-]{250,}={0,3}"),
  format(
    "onepassword_secret_key",
    "A3-",
    "A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
  ),
  format("age_secret_key", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  format("openai_key", "sk-", "sk-(?:(?:proj|svcacct|admin|None)-)?[\\w-]{16,200}T3BlbkFJ[\\w-]{16,200}"),
  format("anthropic_key", "sk-ant-", "sk-ant-[a-z]{2,10}\\d{2}-[\\w-]{80,120}"),
  format("openrouter_key", "sk-or-v1-", "sk-or-v1-[0-9a-f]{64}"),
  format("langfuse_key", "sk-lf-", "sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
  format("huggingface_token", "hf_ api_org_", "(?:hf_|api_org_)[A-Za-z]{34}"),
  format("groq_key", "gsk_", "gsk_[A-Za-z0-9]{52}"),
  format("xai_key", "xai-", "xai-[A-Za-z0-9_]{70,80}"),
  format("perplexity_key", "pplx-", "pplx-[A-Za-z0-9]{48}"),
  format("replicate_token", "r8_", "r8_[A-Za-z0-9]{37,50}"),
  format("nvidia_key", "nvapi-", "nvapi-[\\w-]{60,70}"),
  format("pinecone_key", "pcsk_", "pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{63}"),
  format("langsmith_key", "lsv2_", "lsv2_[ps][tk]_[0-9a-f]{32}_[0-9a-f]{10}"),
  format("elevenlabs_key", "sk_", "sk_[0-9a-f]{48}"),
  format("together_key", "tgp_v1_", "tgp_v1_[\\w-]{43}"),
  format("llamacloud_key", "llx-", "llx-[\\w-]{48}"),
  format("tavily_key", "tvly-", "tvly-(?:dev-|prod-)?[\\w-]{32,40}"),
  format(
    "slack_token",
    "xoxb- xoxp- xoxe- xoxa- xoxr- xoxo- xoxs- xoxe.xox",
    "xox[bpeaors](?:\\.xox[bp])?-(?:\\d+-)[A-Za-z0-9-]{16,250}|xox[ar]-(?:\\d-)?[0-9a-zA-Z]{8,48}",
    2.5,
  ),
  format("slack_token", "xapp-", "xapp-\\d-[A-Z0-9]+-\\d+-[a-z0-9]+"),
  format("twilio_key", "SK0 SK1 SK2 SK3 SK4 SK5 SK6 SK7 SK8 SK9 SKa SKb SKc SKd SKe SKf", "SK[0-9a-f]{32}"),
  format("sendgrid_key", "SG.", "SG\\.(?:[\\w-]{16,32}\\.[\\w-]{32,64}|[\\w=.-]{66})"),
  format("mailgun_key", "key-", "key-[0-9a-f]{32}"),
  format("brevo_key", "xkeysib- xsmtpsib-", "x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
  format("postman_key", "PMAK- PMAT-", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}|PMAT-[A-Za-z0-9]{26}"),
  format(
    "stripe_key",
    "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_",
    "[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,247}",
    2.5,
  ),
  format("webhook_secret", "whsec_", "whsec_[A-Za-z0-9+/]{24,64}={0,2}"),
  format("square_token", "sq0atp- sq0csp- EAAA", "sq0(?:atp|csp)-[\\w-]{22,60}|EAAA[\\w+=-]{60}"),
  format("braintree_token", "access_token$", "access_token\\$(?:production|sandbox)\\$[a-z0-9]{16}\\$[0-9a-f]{32}"),
  format("shopify_token", "shpat_ shpca_ shppa_ shpss_ shptka_", "shp(?:at|ca|pa|ss|tka)_[A-Za-z0-9]{32,64}"),
  format("flutterwave_key", "FLWSECK", "FLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,32}(?:-X)?", 2.5),
  format("easypost_key", "EZAK EZTK", "EZ[AT]K[A-Za-z0-9]{54}"),
  format("duffel_token", "duffel_", "duffel_(?:test|live)_[\\w=-]{43}"),
  format("shippo_token", "shippo_", "shippo_(?:live|test)_[0-9a-fA-F]{40}"),
  format("frameio_token", "fio-u-", "fio-u-[\\w=-]{64}"),
  format("readme_key", "rdme_", "rdme_[a-z0-9]{70}"),
  format("notion_token", "ntn_", "ntn_\\d{11}[A-Za-z0-9]{35}"),
  format("linear_key", "lin_api_ lin_oauth_", "lin_api_[A-Za-z0-9]{40}|lin_oauth_[0-9a-f]{64}"),
  format("airtable_token", "pat", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
  format("figma_token", "figd_ figu_ figo_ figor_ figoh_", "fig(?:d|u|o|or|oh)_[\\w-]{40}"),
  format("contentful_token", "CFPAT-", "CFPAT-[\\w-]{43}"),
  format(
    "grafana_token",
    "glsa_ glc_ eyJrIjoi",
    "glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,}={0,3}|eyJrIjoi[A-Za-z0-9]{60,400}={0,3}",
  ),
  format("sentry_token", "sntrys_eyJ sntryu_", "sntrys_eyJ[\\w+/=-]{80,}|sntryu_[0-9a-f]{64}"),
  format("newrelic_key", "NRAK- NRJS- NRII-", "NRAK-[A-Za-z0-9]{27}|NRJS-[0-9a-f]{19}|NRII-[\\w-]{32}", 2.5),
  format("dynatrace_token", "dt0c01. dt0s", "dt0[cs]\\d\\d\\.[A-Za-z0-9]{8,24}\\.[A-Za-z0-9]{64}"),
  format("posthog_key", "phx_", "phx_[A-Za-z0-9_]{43,48}"),
  format("tailscale_key", "tskey-", "tskey-[a-z]+-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}|tskey-[a-z]+-[A-Za-z0-9]{20,}"),
  format("sonarqube_token", "sqp_ squ_ sqa_", "sq[pua]_[0-9a-f]{40}"),
  format("dropbox_token", "sl.", "sl\\.(?:u\\.)?[\\w=-]{77,}"),
  format("facebook_token", "EAAM EAAC EAAB EAAG", "EAA[A-Z][A-Za-z0-9]{80,800}"),
  format("salesforce_token", "00D", "00D[A-Za-z0-9]{12}![\\w.]{80,130}"),
  format("octopus_key", "API-", "API-[A-Z0-9]{26,32}"),
  format("openshift_token", "sha256~", "sha256~[\\w-]{43}"),
  format("prefect_key", "pnu_", "pnu_[A-Za-z0-9]{36}"),
  format("harness_token", "pat. sat.", "[ps]at\\.[\\w-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}"),
  format("infracost_key", "ico-", "ico-[A-Za-z0-9]{32}"),
  format("settlemint_token", "sm_aat_ sm_pat_ sm_sat_", "sm_[aps]at_[A-Za-z0-9]{16}"),
  format("sourcegraph_token", "sgp_", "sgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}"),
  format("lob_key", "live_ test_", "(?:live|test)_[0-9a-f]{35}"),
  format(
    "slack_webhook",
    "hooks.slack.com/",
    "hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}",
  ),
  format(
    "discord_webhook",
    "discord.com/ discordapp.com/",
    "discord(?:app)?\\.com/api/webhooks/\\d{17,22}/[\\w-]{60,100}",
  ),
  format(
    "teams_webhook",
    "webhookb2/",
    "webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}",
  ),
  format("jwt", "eyJ ewo", "e(?:yJ|wo)[\\w-]{14,}\\.[\\w-]{10,}\\.(?:[\\w-]{10,})?", 3, isJwt),
  format("private_key", "LS0tLS1CRUdJTi", "LS0tLS1CRUdJTi[A-Za-z0-9+/]{80,}={0,2}", 3, wrapsPrivateKey),
  format("typeform_token", "tfp_", "tfp_[\\w.=-]{59}"),
  format("scalingo_token", "tk-us-", "tk-us-[\\w-]{48}"),
  format("defined_networking_key", "dnkey-", "dnkey-[\\w=-]{26}-[\\w=-]{52}"),
  format(
    "authress_key",
    "sc_ ext_ scauth_ authress_",
    "(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.[\\w+/=-]{30,120}",
  ),
  format("yandex_key", "AQVN t1.", "AQVN[\\w-]{35,38}|t1\\.[\\w-]+={0,2}\\.[\\w-]{86}={0,2}"),
  format("mapbox_token", "sk.", "sk\\.[A-Za-z0-9_-]{60,}\\.[\\w-]{22}"),
  format("twitter_token", "AAAAAAAAAAAAAAAAAAAAA", "A{21}[A-Za-z0-9%]{60,}"),
  format("dependency_track_key", "odt_", "odt_[A-Za-z0-9]{32,255}"),
];
