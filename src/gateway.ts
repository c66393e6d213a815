import { createAccess } from "./access/access.ts";
import { createBudgets } from "./budgets/budgets.ts";
import { RunningCall } from "./call.ts";
import { parseConfig } from "./config/load.ts";
import type { Config, ConfigInput } from "./config/schema.ts";
import { resolveTargets } from "./config/targets.ts";
import { anthropicMessages } from "./dialects/anthropic-messages.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { openaiChat } from "./dialects/openai-chat.ts";
import { systemClock } from "./engine/clock.ts";
import type { Engine } from "./engine/engine.ts";
import { createFetch } from "./engine/fetch.ts";
import { createGauge } from "./engine/gauge.ts";
import { handle } from "./engine/handle.ts";
import { ulid } from "./engine/ids.ts";
import { createLogger } from "./engine/log.ts";
import { type OwnStep, withOwn } from "./engine/own-steps.ts";
import { createPlainNames } from "./engine/plain-names.ts";
import { refusedCall } from "./engine/refused.ts";
import { RunningCalls } from "./engine/running.ts";
import { Refusal, toRefusal } from "./errors.ts";
import { checkHead } from "./headers.ts";
import type { Call, Gateway, PassThrough, Send } from "./host.ts";
import { ableHost, type Host, type HttpRequest, type RequestHead, type Sink } from "./http.ts";
import { createMetering } from "./metering/metering.ts";
import { RunningPassThrough } from "./pass-through/pass-through.ts";
import { refusedPassThrough } from "./pass-through/refused.ts";
import { createPassThroughRules } from "./pass-through/rules.ts";
import { createLibrary, createPrompts, type Library } from "./prompts/prompts.ts";
import { createRedaction } from "./redaction/redaction.ts";
import { createTextScanner } from "./redaction/text-scanner.ts";
import { createHealth, type Health } from "./routing/health.ts";
import { createRouting } from "./routing/routing.ts";
import type { Clock, Logger, Parts, Picked, Step } from "./step.ts";
import { createStores } from "./stores/configured.ts";
import type { Stores } from "./stores/stores.ts";
import { createTracing } from "./tracing/tracing.ts";
import { createUpstream } from "./upstream/upstream.ts";

export type { OwnStep, StepName } from "./engine/own-steps.ts";

/** What else a gateway may be given; everything has a default. */
export interface GatewayOptions {
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly stores?: Stores;
  readonly steps?: readonly OwnStep[];
  /** Who talks to the providers; one undici pool per target by default. */
  readonly send?: Send;
}

type Targets = ReturnType<typeof resolveTargets>;

const dialects: readonly Dialect[] = [anthropicMessages, openaiChat];

/** Of models, attributes and error classes, for records. */
const longestName = 256;

/** What outlives a reload. */
interface Kept {
  readonly health: Health;
  readonly library: Library;
}

/** The order is the policy. */
async function buildSteps(
  config: Config,
  targets: Targets,
  parts: Parts,
  { health, library }: Kept,
): Promise<readonly Step[]> {
  const scanner = await createTextScanner(config.redaction);
  return [
    createAccess(config.access, parts), // who is calling: virtual key → attributes, rights
    await createPrompts(config.prompts, library), // prompt and variables → messages
    createRedaction(scanner, config.redaction, parts), // below this line nobody sees personal data
    createRouting(config, targets, parts, health), // what was asked for → who is tried, in order
    createMetering(config, parts), // usage → money, exact integers
    createBudgets(config.budgets, parts), // reserve, settle, cut at the cap
    createTracing(config.tracing, parts), // span, record, server-timing
  ];
}

/** The dialect to refuse in when no dialect claims the call. */
const spokenIn = (head: RequestHead): Dialect =>
  dialects.find((dialect) => dialect.matches(head)) ??
  (head.headers["anthropic-version"] === undefined ? openaiChat : anthropicMessages);

/**
 * A gateway for the life of the process.
 * @throws ConfigError with line and column of everything that is wrong.
 * @example const gateway = createGateway(); const openai = new OpenAI({ fetch: gateway.fetch });
 */
export function createGateway(input: ConfigInput | Config | string = {}, options: GatewayOptions = {}): Gateway {
  const config = parseConfig(input);
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLogger();
  const stores: Stores = options.stores ?? createStores(config.stores, { clock, log }, config.tracing);
  const parts: Parts = { clock, random: options.random ?? Math.random, log, stores };
  const kept: Kept = { health: createHealth(parts), library: createLibrary(parts) };
  const gauge = createGauge(config.limits);
  const upstream = createUpstream({ clock });
  const send = options.send ?? ((target) => upstream.exchange(target));
  let targets: Targets = resolveTargets(config);
  let rules = createPassThroughRules(config, targets);
  let engine: Engine | undefined;
  let draining = false;
  let closed: Promise<void> | undefined;
  const running = new RunningCalls();

  const load = async (next: Config): Promise<void> => {
    const resolved = resolveTargets(next);
    const steps = withOwn(await buildSteps(next, resolved, parts, kept), options.steps ?? []);
    targets = resolved;
    rules = createPassThroughRules(next, resolved);
    const { mode, limits } = next;
    engine = {
      parts,
      dialects,
      steps,
      gauge,
      names: createPlainNames(longestName),
      mode,
      deadline: next.routing.deadline,
      limits,
    };
  };
  // Counters have to be where the ledger stands before the first call.
  const ready = stores.ready === undefined ? load(config) : stores.ready.then(() => load(config));
  ready.catch(() => {});

  /** What every request has to pass before anybody looks into it. */
  const enter = (head: RequestHead): Engine => {
    checkHead(head);
    if (draining) throw new Refusal("draining", {}, 1_000);
    if (engine === undefined) throw new Refusal("overloaded", {}, 1_000);
    return engine;
  };
  const refused = (head: RequestHead, cause: unknown): Call =>
    refusedCall(ulid(clock.now(), parts.random), toRefusal(cause), spokenIn(head), head, clock.now());
  const open = (head: RequestHead, host: Host = ableHost): Call => {
    try {
      const ready = enter(head);
      const dialect = dialects.find((candidate) => candidate.matches(head));
      if (dialect === undefined) throw new Refusal("not_inspected");
      gauge.enter();
      return running.add(new RunningCall(ready, head, dialect, host));
    } catch (cause) {
      return refused(head, cause);
    }
  };
  const passThrough = (head: RequestHead): PassThrough | undefined => {
    const entry = rules.find(head);
    if (entry === undefined) return undefined;
    try {
      const ready = enter(head);
      gauge.enter();
      return running.add(new RunningPassThrough(head, { engine: ready, rules, entry, dialect: spokenIn(head) }));
    } catch (cause) {
      return refusedPassThrough(refused(head, cause));
    }
  };
  const opened = (head: RequestHead): Call | Promise<Call> =>
    engine === undefined ? ready.then(() => open(head)) : open(head);
  const push = (request: HttpRequest, to: Sink, picked?: Picked, via: Send = send) =>
    handle(request, to, { open: () => opened(request), send: via, clock, picked });

  const release = async (): Promise<void> => {
    for (const step of engine?.steps ?? []) await step.close?.();
    kept.library.close();
    await upstream.close();
    if (options.stores === undefined)
      await Promise.all([stores.counters.close(), stores.ledger.close(), stores.records.close()]);
  };

  return {
    matches: (head) => dialects.some((dialect) => dialect.matches(head)) || rules.find(head) !== undefined,
    passThrough,
    handle: (request, to, via) => push(request, to, undefined, via),
    fetch: createFetch({
      push,
      targets: () => targets,
      provider: (head) => dialects.find((each) => each.matches(head))?.provider,
    }),
    open,
    ready,
    reload: async (next) => load(parseConfig(next)),
    async close(deadline = 10_000) {
      draining = true;
      await Promise.race([gauge.empty(), new Promise<void>((resolve) => clock.after(deadline, resolve))]);
      running.each((call) => call.abort(new Refusal("draining")));
      await gauge.empty();
      closed ??= release();
      await closed;
    },
    records: (limit = 50) => stores.records.list(limit),
  };
}
