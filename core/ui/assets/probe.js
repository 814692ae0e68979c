// Measures a leg's connection once a second from where only the browser can (W3C webrtc-stats), and reports to the
// server: both directions as the server sees them, so `inbound` is what this browser sends. Figures are differences of
// two reports of running totals; what the browser does not give is left out, never 0. Times are on the call's clock.

const SAMPLES_ADDRESS = "api/rtc/samples";
const MEASURE_MS = 1000;
// Kept while the server cannot be reached; beyond it the oldest go.
const SECONDS_KEPT = 60;
const SECONDS_AT_ONCE = 30;
const TAKEN_LIMIT_MS = 10000;
const LONGEST_PAUSE_MS = 15000;
// A statistic that is asked for while its frame is being taken away never comes.
const STATS_LIMIT_MS = 5000;
// For so long the far end's last report counts as the present, as at the server.
const REPORT_VALID_MS = 10000;
const SHORTEST_PERIOD_MS = 100;
const LONGEST_PERIOD_MS = 120000;
// An error above this is not believed before so many answers have come: the first one may be slow, and times that are
// told are not taken back.
const GOOD_ERROR_MS = 200;
const ENOUGH_ANSWERS = 3;
// By how much two quartz clocks come apart, at worst.
const CLOCK_DRIFT = 0.0001;
const LOWEST_DBFS = -127;
const MOST_ERRORS = 16;
// Answers after which nothing more can be reported on this leg, and those to a report that would never be taken.
const OVER = [401, 403, 404, 409];
const BROKEN = [400, 413, 422];
const PROBE = Symbol.for("earshot.probe");

const rounded = (value, digits = 3) => (Number.isFinite(value) ? Number(value.toFixed(digits)) : undefined);
const thousandfold = (value) => (Number.isFinite(value) ? rounded(value * 1000) : undefined);
const share = (part, whole, unit) => (part >= 0 && whole > 0 ? rounded((unit * part) / whole) : undefined);

// The call's clock, from what the server's answers say: the middle of a request's way there and back is off by half of
// it at most, so the shortest one is believed, for as long as clocks do not drift further than that.
class CallClock {
  constructor() {
    this.best = null;
    this.answers = 0;
  }

  get isKnown() {
    return this.best !== null && (this.best.errorMs <= GOOD_ERROR_MS || this.answers >= ENOUGH_ANSWERS);
  }

  errorAt(ms) {
    return this.best.errorMs + CLOCK_DRIFT * (ms - this.best.atMs);
  }

  take(sentMs, receivedMs, nowS) {
    this.answers += 1;
    const errorMs = (receivedMs - sentMs) / 2;
    const offsetMs = nowS * 1000 - (sentMs + receivedMs) / 2;
    if (this.best) {
      const known = this.errorAt(receivedMs);
      // Machines that sleep stop their clocks.
      const contradicts = Math.abs(offsetMs - this.best.offsetMs) > errorMs + known;
      if (errorMs >= known && !contradicts) return;
    }
    this.best = { offsetMs, errorMs, atMs: receivedMs };
  }

  at(ms) {
    return (ms + this.best.offsetMs) / 1000;
  }
}

// What of a report of statistics matters here.
function readStats(stats, atMs) {
  const found = { atMs };
  const names = { "inbound-rtp": "received", "outbound-rtp": "sent", "remote-inbound-rtp": "farEnd", "media-source": "source" };
  let transport;
  let pair;
  for (const entry of stats.values()) {
    const name = names[entry.type];
    if (name && (entry.kind ?? entry.mediaType) === "audio") found[name] = entry;
    else if (entry.type === "transport") transport = entry;
    else if (entry.type === "candidate-pair" && (entry.selected || (entry.nominated && entry.state === "succeeded"))) pair ??= entry;
  }
  found.pair = stats.get(transport?.selectedCandidatePairId) ?? pair;
  found.local = stats.get(found.pair?.localCandidateId);
  found.remote = stats.get(found.pair?.remoteCandidateId);
  return found;
}

// How much a running total has grown. One that was not there before began at nothing; of another stream it says nothing.
function grown(after, before, name) {
  if (!Number.isFinite(after?.[name])) return undefined;
  const former = before?.id === after.id ? (before[name] ?? 0) : 0;
  return after[name] >= former ? after[name] - former : undefined;
}

// Totals of one report are read one after another, and need not fit together to the last sample.
const atMost = (limit, value) => (value === undefined ? undefined : Math.min(limit, value));
const count = (value) => Math.max(0, Math.round(value ?? 0));

// Mean power of the period, not the level of a moment; browsers without an energy counter give that alone.
function level(after, before) {
  const energy = grown(after, before, "totalAudioEnergy");
  const seconds = grown(after, before, "totalSamplesDuration");
  const power = energy >= 0 && seconds > 0 ? energy / seconds : after?.audioLevel >= 0 ? after.audioLevel ** 2 : undefined;
  if (power === undefined) return undefined;
  return power > 0 ? rounded(Math.max(LOWEST_DBFS, 10 * Math.log10(power)), 1) : LOWEST_DBFS;
}

function isSilenced(track) {
  return !track || !track.enabled || track.muted || track.readyState === "ended";
}

function receivedFigures(after, before, farEnd) {
  const { received } = after;
  const growth = (name) => grown(received, before.received, name);
  const emitted = growth("jitterBufferEmittedCount");
  const samples = growth("totalSamplesReceived");
  const lost = Number.isFinite(received?.packetsLost)
    ? Math.round(received.packetsLost - (before.received?.id === received.id ? (before.received.packetsLost ?? 0) : 0))
    : undefined;
  return {
    packets: count(growth("packetsReceived")),
    octets: count(growth("bytesReceived")),
    lost,
    jitter_ms: thousandfold(received?.jitter),
    rtt_ms: thousandfold(farEnd?.roundTripTime ?? after.pair?.currentRoundTripTime),
    level_dbfs: level(received, before.received),
    jitter_buffer_ms: share(growth("jitterBufferDelay"), emitted, 1000),
    jitter_buffer_target_ms: share(growth("jitterBufferTargetDelay"), emitted, 1000),
    jitter_buffer_total_s: rounded(received?.jitterBufferDelay),
    concealed_pct: atMost(100, share(Math.max(0, growth("concealedSamples") - (growth("silentConcealedSamples") ?? 0)), samples, 100)),
    stretched_pct: atMost(1000, share(growth("insertedSamplesForDeceleration") + growth("removedSamplesForAcceleration"), samples, 100)),
  };
}

// Family and major version, and the operating system's family.
function browserName() {
  const brands = (navigator.userAgentData?.brands ?? []).filter(({ brand }) => !/not.*brand/i.test(brand));
  const own = brands.find(({ brand }) => brand !== "Chromium") ?? brands[0];
  if (own) return `${own.brand} ${own.version}`;
  const known = { "Edge ": /Edg\w*\/(\d+)/, "Opera ": /OPR\/(\d+)/, "Samsung Internet ": /SamsungBrowser\/(\d+)/,
    "Firefox ": /(?:Firefox|FxiOS)\/(\d+)/, "Chrome ": /(?:Chrome|CriOS)\/(\d+)/, "Safari ": /Version\/(\d+).*Safari/ };
  for (const [name, pattern] of Object.entries(known)) {
    const version = pattern.exec(navigator.userAgent)?.[1];
    if (version) return name + version;
  }
  return "";
}

function platformName() {
  if (navigator.userAgentData?.platform) return navigator.userAgentData.platform;
  const known = { Windows: /Windows/, Android: /Android/, iOS: /iPhone|iPad/, macOS: /Mac OS X/, ChromeOS: /CrOS/, Linux: /Linux/ };
  return Object.keys(known).find((name) => known[name].test(navigator.userAgent)) ?? "";
}

const plain = (text) => String(text ?? "").replace(/[^A-Za-z0-9 ._-]/g, "").slice(0, 40);

function microphoneFacts(track) {
  const settings = track?.getSettings() ?? {};
  // Newer browsers name the kind of echo cancellation.
  const isOn = (value) => (value === undefined ? undefined : value !== false);
  const facts = {
    echo_cancellation: isOn(settings.echoCancellation),
    noise_suppression: isOn(settings.noiseSuppression),
    auto_gain_control: isOn(settings.autoGainControl),
  };
  // Silence that a page makes itself has none of these.
  if (Object.values(facts).every((value) => value === undefined)) return undefined;
  return { ...facts, sample_rate: settings.sampleRate ? Math.round(settings.sampleRate) : undefined };
}

// How the connection looked for a path, from its beginning on.
class PathSearch {
  constructor(connection, signal) {
    this.connection = connection;
    this.local = new Set();
    this.errors = new Set();
    connection.addEventListener("icecandidate", ({ candidate, url }) => this.found(candidate, candidate?.url ?? url ?? ""), { signal });
    connection.addEventListener("icecandidateerror", ({ errorCode }) => {
      if (this.errors.size < MOST_ERRORS && errorCode >= 0 && errorCode <= 999) this.errors.add(errorCode);
    }, { signal });
  }

  found(candidate, url) {
    if (!candidate?.type) return;
    const { type, protocol, relayProtocol } = candidate;
    const toRelay = relayProtocol ?? (url.startsWith("turns:") ? "tls" : /transport=tcp/.test(url) ? "tcp" : "udp");
    this.local.add(`${type}/${type === "relay" ? toRelay : protocol}`);
  }

  get facts() {
    const { iceServers = [], iceTransportPolicy } = this.connection.getConfiguration();
    const answer = this.connection.remoteDescription?.sdp ?? "";
    const offered = [...answer.matchAll(/^a=candidate:\S+ \d+ (\w+) \d+ \S+ \d+ typ (host|srflx|prflx|relay)/gm)];
    return {
      is_relay_only: iceTransportPolicy === "relay",
      has_turn: iceServers.flatMap((server) => server.urls).some((url) => /^turns?:/.test(url)),
      local: [...this.local].sort(),
      remote: [...new Set(offered.map(([, transport, type]) => `${type}/${transport.toLowerCase()}`))].sort(),
      errors: [...this.errors].sort(),
    };
  }
}

// One connection's figures, from its beginning to its end. Survives the panel that began it.
class LegProbe {
  constructor(record, connection) {
    this.record = record;
    this.connection = connection;
    this.clock = new CallClock();
    this.waiting = [];
    this.number = 0;
    this.microphone = undefined;
    this.told = "";
    this.toldErrorMs = undefined;
    this.pausedUntil = 0;
    this.failures = 0;
    this.lifetime = new AbortController();
    const { signal } = this.lifetime;
    this.search = new PathSearch(connection, signal);
    this.timer = setInterval(() => this.measure(), MEASURE_MS);
    window.addEventListener("pagehide", () => this.stop(), { signal });
    // A connection that has failed is closed at once: it is looked at while it still answers.
    const look = () => connections.stateOf(connection) === "failed" && this.measure();
    for (const name of connections.STATE_EVENTS) connection.addEventListener(name, look, { signal });
  }

  get isOver() {
    return this.connection.signalingState === "closed" || !this.record.view.frameElement?.isConnected;
  }

  stop() {
    clearInterval(this.timer);
    this.lifetime.abort();
    this.waiting = [];
  }

  async measure() {
    if (this.isOver) {
      this.stop();
      return;
    }
    const now = performance.now();
    // Without the answer there is no leg to report on.
    this.token ??= connections.leaveTokenOf(this.connection);
    const isBusy = this.askedAt !== undefined && now - this.askedAt < STATS_LIMIT_MS;
    if (!this.token || isBusy || now - (this.before?.atMs ?? -Infinity) < SHORTEST_PERIOD_MS) return;
    this.askedAt = now;
    try {
      const stats = await this.connection.getStats();
      this.take(readStats(stats, performance.now()));
    } catch (error) {
      console.debug("the connection gives no statistics", error.name);
    }
    this.askedAt = undefined;
    this.send();
  }

  take(after) {
    const { before, sender } = this;
    this.before = after;
    // A connection that is being ended has let its sender go; what was known of its microphone stays true.
    if (sender) this.microphone = microphoneFacts(sender.track);
    // After a long sleep nothing is known of the time between.
    if (!before || after.atMs - before.atMs > LONGEST_PERIOD_MS) return;
    this.waiting.push({
      atMs: after.atMs,
      second: {
        number: this.number,
        period_s: rounded((after.atMs - before.atMs) / 1000),
        path: this.path(after),
        inbound: this.sends ? this.sentFigures(after, before) : undefined,
        outbound: receivedFigures(after, before, this.freshReport(after)),
      },
    });
    this.number += 1;
    this.waiting.splice(0, this.waiting.length - SECONDS_KEPT);
  }

  get sender() {
    return this.connection.getTransceivers().find(({ direction }) => direction.startsWith("send"))?.sender;
  }

  get sends() {
    return this.sender !== undefined;
  }

  sentFigures(after, before) {
    const packets = grown(after.sent, before.sent, "packetsSent");
    return {
      packets: count(packets),
      octets: count(grown(after.sent, before.sent, "bytesSent")),
      ...this.reportedLoss(after),
      jitter_ms: thousandfold(this.freshReport(after)?.jitter),
      level_dbfs: level(after.source, before.source),
      packet_send_delay_ms: share(grown(after.sent, before.sent, "totalPacketSendDelay"), packets, 1000),
      is_muted: isSilenced(this.sender?.track),
    };
  }

  // Stated once with every report of the server, for all that was sent since the report before.
  reportedLoss({ farEnd, sent }) {
    if (!farEnd || !sent || farEnd.timestamp === this.reported?.timestamp) return {};
    const former = this.reported ?? { lost: 0, sent: 0 };
    const now = { timestamp: farEnd.timestamp, lost: farEnd.packetsLost ?? 0, sent: sent.packetsSent };
    this.reported = now;
    const expected = now.sent - former.sent;
    return expected > 0 ? { lost: now.lost - former.lost, expected } : {};
  }

  freshReport({ farEnd, atMs }) {
    if (!farEnd) return undefined;
    if (farEnd.timestamp !== this.seen?.timestamp) this.seen = { timestamp: farEnd.timestamp, atMs };
    return atMs - this.seen.atMs <= REPORT_VALID_MS ? farEnd : undefined;
  }

  path({ pair, local, remote }) {
    const state = connections.stateOf(this.connection);
    return {
      state: ["connected", "disconnected", "failed"].includes(state) ? state : "connecting",
      local: local?.candidateType,
      remote: remote?.candidateType,
      transport: local && (local.candidateType === "relay" ? (local.relayProtocol ?? local.protocol) : local.protocol),
      id: pair?.id.replace(/[^A-Za-z0-9_:+/.-]/g, "").slice(0, 96) || undefined,
    };
  }

  get facts() {
    const network = this.before?.local?.networkType ?? navigator.connection?.type;
    return {
      name: plain(browserName()),
      platform: plain(platformName()),
      network: network === "unknown" ? "" : plain(network),
      is_secure: window.isSecureContext,
      microphone: this.microphone,
      ice: this.search.facts,
    };
  }

  // What the browser says about itself, where that has changed since it was told.
  news() {
    const facts = this.facts;
    const errorMs = rounded(this.clock.best?.errorMs, 1);
    const former = this.toldErrorMs;
    const isSameError = errorMs === former || Math.abs(errorMs - former) < Math.max(0.5, 0.2 * former);
    if (JSON.stringify(facts) === this.told && isSameError) return null;
    return { told: JSON.stringify(facts), errorMs, facts: { ...facts, clock_error_ms: errorMs } };
  }

  async send() {
    const now = performance.now();
    if (this.sending || now < this.pausedUntil || this.lifetime.signal.aborted) return;
    const { clock } = this;
    // Until the call's clock is known the seconds wait.
    const batch = clock.isKnown ? this.waiting.slice(0, SECONDS_AT_ONCE) : [];
    const seconds = batch.map(({ atMs, second }) => ({ ...second, at_s: rounded(clock.at(atMs)) }));
    const news = this.news();
    if (clock.isKnown && !seconds.length && !news) return;
    this.sending = true;
    try {
      const answer = await this.post({ seconds, facts: news?.facts });
      if (answer.ok || BROKEN.includes(answer.status)) this.taken(batch, news);
      if (answer.ok) clock.take(answer.sentMs, answer.receivedMs, answer.nowS);
      else if (OVER.includes(answer.status)) this.stop();
      else if (!BROKEN.includes(answer.status)) this.pause(answer.retryAfterS);
    } catch {
      // The server cannot be reached; the panel says so where it matters, and the seconds wait.
      this.pause();
    }
    this.sending = false;
  }

  async post(report) {
    const url = new URL(SAMPLES_ADDRESS, window.location.href);
    url.searchParams.set("token", this.token);
    const sentMs = performance.now();
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(report),
      signal: AbortSignal.timeout(TAKEN_LIMIT_MS),
    });
    const receivedMs = performance.now();
    const { ok, status } = answer;
    const nowS = ok ? (await answer.json()).now_s : undefined;
    return { ok, status, sentMs, receivedMs, nowS, retryAfterS: Number(answer.headers.get("Retry-After")) };
  }

  taken(batch, news) {
    const last = batch.at(-1)?.second.number ?? -1;
    this.waiting = this.waiting.filter(({ second }) => second.number > last);
    this.failures = 0;
    if (news) {
      this.told = news.told;
      this.toldErrorMs = news.errorMs;
    }
  }

  pause(seconds = 0) {
    this.failures += 1;
    const ms = Math.max(seconds * 1000, Math.min(LONGEST_PAUSE_MS, MEASURE_MS * 2 ** (this.failures - 1)));
    this.pausedUntil = performance.now() + ms;
  }
}

// Begins to measure a connection, once, whichever copy of this module sees it first.
function probe(record, connection) {
  connection[PROBE] ??= new LegProbe(record, connection);
}
