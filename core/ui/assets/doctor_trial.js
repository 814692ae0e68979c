// A trial call through the server: two legs of this browser, of which one hears what the other says. It belongs to no
// call, is kept nowhere, and takes the same path as a real one.

const TRIAL_MS = 8000;
const SETTLE_MS = 1500;
const GATHER_MS = 3000;
const RELAY_GATHER_MS = 8000;
const CONNECT_MS = 10000;
const LOW_MOS = 3.5;
const LONG_BUFFER_MS = 200;
const FEWEST_PER_S = 40;

async function checkTrial({ address, send, ice, constraints, aloud, words, signal, progress }) {
  const audio = new AudioContext();
  const legs = { speaking: new RTCPeerConnection(ice), hearing: new RTCPeerConnection(ice) };
  const sound = new Audio();
  let microphone = null;
  try {
    await audio.resume();
    microphone = aloud ? await navigator.mediaDevices.getUserMedia({ audio: constraints }) : null;
    const said = microphone ?? tone(audio);
    legs.speaking.addTrack(said.getAudioTracks()[0], said);
    legs.hearing.addTransceiver("audio", { direction: "recvonly" });
    legs.hearing.addEventListener("track", ({ track }) => {
      sound.srcObject = new MediaStream([track]);
      // Muted, nothing would be decoded that tells whether the tone came back: it is played 40 dB below its level.
      sound.volume = aloud ? 1 : 0.01;
      sound.play().catch((error) => console.debug("the trial is not played", error.name));
    });
    const answers = await agree(legs, ice, send, signal);
    if (answers.refusal) return failed("trial_refused", { reason: answers.refusal });
    if (!(await connected(legs, signal))) return failed("trial_no_path");
    await sleep(SETTLE_MS, signal);
    const before = await figures(legs);
    const began = performance.now();
    while (performance.now() - began < TRIAL_MS - SETTLE_MS) {
      await sleep(100, signal);
      progress((performance.now() - began + SETTLE_MS) / TRIAL_MS);
    }
    return judge(await figures(legs), before, (performance.now() - began) / 1000, send, words, signal);
  } catch (error) {
    if (!(error instanceof DOMException) || signal.aborted || !aloud) throw error;
    return failed("trial_no_microphone", { name: error.name });
  } finally {
    for (const leg of Object.values(legs)) leg.close();
    for (const track of microphone?.getTracks() ?? []) track.stop();
    sound.srcObject = null;
    await audio.close();
    // Also when the time was over, for which its own signal is of no more use.
    fetch(address("trial/end"), { method: "POST", keepalive: true }).catch((error) => console.debug("the trial ends by itself", error.name));
  }
}

// Rises and falls like speech, so that nothing on the way takes it for noise.
function tone(audio) {
  const source = audio.createOscillator();
  const volume = audio.createGain();
  const swing = audio.createOscillator();
  const depth = audio.createGain();
  const end = audio.createMediaStreamDestination();
  [source.frequency.value, swing.frequency.value, volume.gain.value, depth.gain.value] = [440, 4, 0.2, 0.15];
  swing.connect(depth).connect(volume.gain);
  source.connect(volume).connect(end);
  for (const one of [source, swing]) one.start();
  return end.stream;
}

// Offers with all of their candidates inside: a trial has no page script that would pass on late ones.
async function agree(legs, ice, send, signal) {
  const limit = ice.iceTransportPolicy === "relay" ? RELAY_GATHER_MS : GATHER_MS;
  await Promise.all(
    Object.values(legs).map(async (leg) => {
      const complete = new Promise((resolve) => {
        leg.addEventListener("icegatheringstatechange", () => leg.iceGatheringState === "complete" && resolve());
      });
      await leg.setLocalDescription(await leg.createOffer());
      await Promise.race([complete, sleep(limit, signal)]);
    })
  );
  const offers = { speaking: legs.speaking.localDescription.sdp, hearing: legs.hearing.localDescription.sdp };
  const answer = await send("trial", offers, signal);
  if (!answer.ok) return { refusal: answer.content.message ?? String(answer.status) };
  for (const [name, leg] of Object.entries(legs)) await leg.setRemoteDescription({ type: "answer", sdp: answer.content[name] });
  return answer.content;
}

async function connected(legs, signal) {
  const deadline = performance.now() + CONNECT_MS;
  const states = () => Object.values(legs).map((leg) => leg.connectionState);
  while (!states().every((state) => state === "connected")) {
    if (states().includes("failed") || performance.now() > deadline) return false;
    await sleep(50, signal);
  }
  return true;
}

async function figures(legs) {
  const result = {};
  const [up, down] = await Promise.all([legs.speaking.getStats(), legs.hearing.getStats()]);
  for (const stats of [...up.values(), ...down.values()]) {
    if (stats.kind === "audio" && ["outbound-rtp", "remote-inbound-rtp", "inbound-rtp"].includes(stats.type)) result[stats.type] = stats;
    if (stats.type === "transport" && stats.selectedCandidatePairId && up.has(stats.id)) result.pair = up.get(stats.selectedCandidatePairId);
  }
  result.local = result.pair && up.get(result.pair.localCandidateId);
  return result;
}

async function judge(after, before, seconds, send, words, signal) {
  const [sent, arrived, report] = ["outbound-rtp", "inbound-rtp", "remote-inbound-rtp"].map((name) => after[name] ?? {});
  const change = (type, field) => (after[type]?.[field] ?? 0) - (before[type]?.[field] ?? 0);
  const received = change("inbound-rtp", "packetsReceived");
  if (!received || !sent.packetsSent) return failed("trial_silent");
  const rtt = report.roundTripTime ?? after.pair?.currentRoundTripTime;
  if (rtt === undefined) return warning("trial_unmeasured");
  const lost = Math.max(0, change("inbound-rtp", "packetsLost"));
  const measured = {
    rtt_ms: 1000 * rtt,
    jitter_ms: 1000 * Math.max(arrived.jitter ?? 0, report.jitter ?? 0),
    loss_pct: (100 * lost) / (lost + received),
  };
  const score = (await send("trial/end", measured, signal)).content;
  const emitted = change("inbound-rtp", "jitterBufferEmittedCount");
  const buffer = emitted ? (1000 * change("inbound-rtp", "jitterBufferDelay")) / emitted : 0;
  const relayed = after.local?.candidateType === "relay";
  const values = {
    mos: score.mos.toFixed(1),
    band: words.bands[score.band],
    rtt: measured.rtt_ms.toFixed(0),
    jitter: measured.jitter_ms.toFixed(1),
    loss: measured.loss_pct.toFixed(1),
    buffer: buffer.toFixed(0),
    path: relayed ? fill(words.path_relay, { way: (after.local.relayProtocol ?? "").toUpperCase() }) : words.path_direct,
  };
  if (arrived.totalAudioEnergy !== undefined && change("inbound-rtp", "totalAudioEnergy") <= 0) return failed("trial_mute", values);
  if (score.mos < LOW_MOS || buffer > LONG_BUFFER_MS || received / seconds < FEWEST_PER_S) return warning("trial_poor", values);
  return good("trial", values);
}
