// What a browser can find out about itself before a call. Each check gives an outcome: a state, the code of a sentence in
// the words that Python gave, and the figures in it. `signal` is aborted when its time is over or the page is left.

const good = (code, values = {}) => ({ state: "good", code, values });
const warning = (code, values = {}) => ({ state: "warning", code, values });
const failed = (code, values = {}) => ({ state: "failed", code, values });

const REQUESTS = 5;
const SLOW_REQUEST_MS = 400;
const LISTEN_MS = 3000;
const LOOK_MS = 50;
// Below these parts of full scale (-100 and -40 dBFS) a microphone gives nothing at all, or nobody speaks: the quietest
// room has some noise.
const DEAD = 1e-5;
const QUIET = 0.01;
const CLIPPED = 0.99;
const CLIPPED_SHARE = 0.02;
const CHIME_S = 0.4;
// RFC 8656, section 18: no credentials that fit, credentials of somebody else. 701: W3C WebRTC, no answer at all.
const REFUSALS = [401, 441];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const decibels = (value) => (20 * Math.log10(Math.max(value, 1e-6))).toFixed(0);
const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });

async function checkSecure() {
  const values = { address: window.location.origin };
  return window.isSecureContext ? good("secure", values) : failed("insecure", values);
}

async function checkHttp({ signal }) {
  const times = [];
  for (let number = 0; number < REQUESTS; number += 1) {
    const began = performance.now();
    const answer = await fetch(urlOf("api/health"), { cache: "no-store", signal });
    await answer.text();
    times.push(performance.now() - began);
  }
  const values = { ms: median(times).toFixed(0), worst: Math.max(...times).toFixed(0) };
  return median(times) > SLOW_REQUEST_MS ? warning("http_slow", values) : good("http", values);
}

async function checkSocket({ signal }) {
  const began = performance.now();
  const socket = new WebSocket(urlOf("_stcore/stream").replace(/^http/, "ws"), ["streamlit"]);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("websocket")));
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    return good("socket", { ms: (performance.now() - began).toFixed(0) });
  } catch (error) {
    if (signal.aborted) throw error;
    return failed("socket_refused");
  } finally {
    socket.close();
  }
}

// A proxy that collects an answer before it passes it on makes live views stand still.
async function checkStream({ address, signal }) {
  const began = performance.now();
  const answer = await fetch(address("pulse"), { cache: "no-store", signal });
  if (!answer.ok) return failed("stream_refused", { status: answer.status });
  const reader = answer.body.getReader();
  const arrivals = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) arrivals.push(performance.now() - began);
  const spread = arrivals.at(-1) - arrivals[0];
  const values = { count: arrivals.length, ms: arrivals[0].toFixed(0) };
  return arrivals.length < 3 || spread < 400 ? failed("stream_held", values) : good("stream", values);
}

async function checkOutput({ signal }) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const outputs = devices.filter((device) => device.kind === "audiooutput");
  const context = new AudioContext();
  try {
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.setValueAtTime(0.05, context.currentTime);
    volume.gain.linearRampToValueAtTime(0, context.currentTime + CHIME_S);
    tone.connect(volume).connect(context.destination);
    tone.start();
    const before = context.currentTime;
    await sleep(2 * CHIME_S * 1000, signal);
    if (context.state !== "running" || context.currentTime <= before) return warning("output_held");
    const label = outputs.find((device) => device.label)?.label;
    return label ? good("output", { device: label }) : good("output_unnamed");
  } finally {
    await context.close();
  }
}

async function checkMicrophone({ constraints, words, signal, progress }) {
  if (!window.isSecureContext) return failed("microphone_insecure");
  if (!navigator.mediaDevices?.getUserMedia) return failed("microphone_unknown");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
  } catch (error) {
    return failed(`microphone_${error.name}`, { name: error.name });
  }
  try {
    signal.throwIfAborted();
    return heard(await levels(stream, signal, progress), stream.getAudioTracks()[0], constraints, words);
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

async function levels(stream, signal, progress) {
  const context = new AudioContext();
  try {
    await context.resume();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const seen = [];
    const began = performance.now();
    while (performance.now() - began < LISTEN_MS) {
      await sleep(LOOK_MS, signal);
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
      const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      seen.push({ level: Math.sqrt(power), peak });
      progress((performance.now() - began) / LISTEN_MS, Math.sqrt(power));
    }
    return seen;
  } finally {
    await context.close();
  }
}

function heard(seen, track, wanted, words) {
  const loudest = Math.max(...seen.map((one) => one.level));
  const clipped = seen.filter((one) => one.peak >= CLIPPED).length / seen.length;
  const real = track.getSettings();
  const onOff = (value) => (value === undefined ? words.unknown : value ? words.on : words.off);
  const values = {
    device: track.label,
    level: decibels(loudest),
    echo: onOff(real.echoCancellation),
    noise: onOff(real.noiseSuppression),
    gain: onOff(real.autoGainControl),
    rate: real.sampleRate ?? words.unknown,
  };
  if (track.readyState !== "live") return failed("microphone_gone", values);
  if (loudest <= DEAD) return failed("microphone_dead", values);
  if (loudest <= QUIET) return warning("microphone_quiet", values);
  if (clipped > CLIPPED_SHARE) return warning("microphone_clipped", { ...values, share: (100 * clipped).toFixed(0) });
  if (real.noiseSuppression && !wanted.noiseSuppression) return warning("microphone_suppressed", values);
  if (real.echoCancellation === false && wanted.echoCancellation) return warning("microphone_echo", values);
  return good("microphone", values);
}

// Asks one server for an address, the way a call's connection would, with a connection that goes nowhere.
async function gather(server, policy, type, signal) {
  const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: policy });
  const began = performance.now();
  const errors = [];
  try {
    const found = new Promise((resolve, reject) => {
      connection.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate === null) resolve(null);
        else if (candidate.type === type) resolve(candidate);
      });
      connection.addEventListener("icecandidateerror", ({ errorCode }) => {
        errors.push(errorCode);
        // Nothing else will come of a refusal, and browsers try it again and again.
        if (REFUSALS.includes(errorCode)) resolve(null);
      });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    connection.createDataChannel("doctor");
    await connection.setLocalDescription(await connection.createOffer());
    const candidate = await found;
    return { candidate, errors, ms: (performance.now() - began).toFixed(0) };
  } finally {
    connection.close();
  }
}

async function checkStun({ server, signal }) {
  const { candidate, errors, ms } = await gather(server, "all", "srflx", signal);
  if (candidate) return good("stun", { address: `${candidate.address}:${candidate.port}`, ms });
  // Browsers leave out an address that they know already as their own.
  return errors.length ? failed("stun_silent", { code: errors[0] }) : good("stun_own", { ms });
}

async function checkTurn({ server, signal }) {
  const { candidate, errors, ms } = await gather(server, "relay", "relay", signal);
  const way = wayOf(server.urls);
  if (candidate) return good("turn", { address: `${candidate.address}:${candidate.port}`, way, ms });
  if (errors.some((code) => REFUSALS.includes(code))) return failed("turn_refused", { way, code: errors.find((code) => REFUSALS.includes(code)) });
  const answered = errors.find((code) => code < 700);
  if (answered) return failed("turn_error", { way, code: answered });
  return failed(way === "TLS" ? "turn_unreachable_tls" : "turn_unreachable", { way, code: errors[0] ?? "-" });
}

function wayOf(url) {
  if (url.startsWith("turns:")) return "TLS";
  return /transport=tcp/i.test(url) ? "TCP" : "UDP";
}

// What gets through by TCP and not by UDP: calls still work, by way of the relay.
function reconciled(rows) {
  const network = rows.filter((row) => ["stun", "turn"].includes(row.kind) && row.outcome);
  const byTcp = network.some((row) => row.kind === "turn" && row.outcome.state === "good" && row.outcome.values.way !== "UDP");
  const blocked = ["stun_silent", "turn_unreachable", "late"];
  for (const row of network) {
    const isUdp = row.kind === "stun" || wayOf(row.subject) === "UDP";
    if (byTcp && isUdp && blocked.includes(row.outcome.code)) row.outcome = warning("udp_blocked", row.outcome.values);
  }
}
