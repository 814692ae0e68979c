// Why a browser's connection finds no path through a TURN server. A browser that may use nothing else and gets no
// address from it waits for ever, in silence; here it is given RELAY_LIMIT_MS, and what the server said is remembered.

const RELAY_LIMIT_MS = 8000;
// RFC 8656, section 18: no credentials that fit, credentials of somebody else.
const RELAY_REFUSALS = [401, 441];

// Calls `found(problem)` once, with `relayRefused` or `relayUnreachable`, when `connection` needs a relay and gets none,
// or when it fails and its TURN servers had given no address. Nothing is said of a connection that stands.
function watchRelay(connection, found, signal) {
  const { iceServers = [], iceTransportPolicy } = connection.getConfiguration();
  const urls = iceServers.flatMap((server) => server.urls);
  if (!urls.some((url) => /^turns?:/.test(url))) return;
  let relayed = false;
  let refused = false;
  let said = false;
  let timer = 0;
  const say = () => {
    clearTimeout(timer);
    if (relayed || said || ["connected", "closed"].includes(connection.connectionState)) return;
    said = true;
    found(refused ? "relayRefused" : "relayUnreachable");
  };
  const listen = (name, heard) => connection.addEventListener(name, heard, { signal });
  listen("icecandidate", ({ candidate }) => {
    relayed ||= candidate?.type === "relay";
  });
  listen("icecandidateerror", ({ url, errorCode }) => {
    refused ||= /^turns?:/.test(url) && RELAY_REFUSALS.includes(errorCode);
  });
  listen("icegatheringstatechange", () => {
    if (iceTransportPolicy !== "relay") return;
    if (connection.iceGatheringState === "gathering") timer ||= setTimeout(say, RELAY_LIMIT_MS);
    if (connection.iceGatheringState === "complete") say();
  });
  listen("connectionstatechange", () => {
    if (connection.connectionState === "failed") say();
    if (["connected", "closed"].includes(connection.connectionState)) clearTimeout(timer);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
