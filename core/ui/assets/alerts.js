// Alerts: what is wrong now, worst first, and what was, folded away. The server judges; this shows. What is
// critical of what was said stands before the alerts about the network, the rest after them.

const SEVERITY = [
  "no_frames",
  "no_media",
  "one_way_audio",
  "ice_disconnected",
  "dead_microphone",
  "low_mos",
  "packet_loss",
  "concealment",
  "high_rtt",
  "high_jitter",
  "jitter_buffer_growth",
  "path_flapping",
  "slow_set_up",
  "stats_gap",
];
const LEVELS = ["critical", "warning", "info"];
const ORDER = ["critical", ...SEVERITY, "warning", "info"];
const DIGITS = {
  no_frames: 0,
  no_media: 0,
  one_way_audio: 0,
  ice_disconnected: 0,
  dead_microphone: 0,
  path_flapping: 0,
  stats_gap: 0,
  high_rtt: 0,
  high_jitter: 0,
  low_mos: 2,
};

// The same trouble seen from both vantages is one line: from the first sight to the last, with both named.
function merged(alerts) {
  const found = [];
  for (const alert of [...alerts].sort((a, b) => a.raised_at_s - b.raised_at_s)) {
    const same = found.find(
      (other) =>
        other.leg_id === alert.leg_id &&
        other.kind === alert.kind &&
        other.direction === alert.direction &&
        (other.cleared_at_s === null || other.cleared_at_s >= alert.raised_at_s)
    );
    if (!same) {
      found.push({ ...alert, sources: [alert.vantage] });
      continue;
    }
    const worse = alert.kind === "low_mos" || alert.kind === "dead_microphone" ? Math.min : Math.max;
    same.worst = worse(same.worst, alert.worst);
    const isOpen = same.cleared_at_s === null || alert.cleared_at_s === null;
    same.cleared_at_s = isOpen ? null : Math.max(same.cleared_at_s, alert.cleared_at_s);
    if (!same.sources.includes(alert.vantage)) same.sources.push(alert.vantage);
  }
  // Where nothing has ever come, it need not be said that nothing comes.
  const silent = new Set(found.filter((alert) => alert.kind === "no_frames" && alert.cleared_at_s === null).map((alert) => alert.leg_id));
  return found.filter((alert) => !(alert.kind === "no_media" && alert.direction === "inbound" && silent.has(alert.leg_id)));
}

class AlertList {
  // `textWords` are those for what rules raise; `show` brings an utterance into view.
  constructor(words, textWords, locale, show) {
    this.words = words;
    this.textWords = textWords;
    this.locale = locale;
    this.showSaid = show;
    this.network = [];
    this.text = [];
    this.nameOf = () => "";
    this.now = el("ul", { class: "es-alerts", role: "status", "aria-label": words.alerts });
    this.count = el("summary");
    setTip(this.count, words.over_tip);
    this.past = el("ul", { class: "es-alerts" });
    this.over = el("details", { class: "es-over", hidden: true }, this.count, this.past);
    this.root = el("div", { class: "es-alert-list", hidden: true }, this.now, this.over);
  }

  // `nameOf` gives the name of a leg's participant.
  show(alerts, nameOf) {
    this.network = alerts;
    this.nameOf = nameOf;
    this.render();
  }

  showText(alerts) {
    this.text = alerts;
    this.render();
  }

  render() {
    const alerts = [...this.text, ...merged(this.network)];
    const open = alerts.filter((alert) => alert.cleared_at_s === null);
    const over = alerts.filter((alert) => alert.cleared_at_s !== null);
    const rank = (alert) => ORDER.indexOf(alert.level ?? alert.kind);
    open.sort((a, b) => rank(a) - rank(b) || a.raised_at_s - b.raised_at_s);
    over.sort((a, b) => b.cleared_at_s - a.cleared_at_s);
    this.root.hidden = !alerts.length;
    this.draw(this.now, open, (alert) => fill(this.words.since, { time: clock(alert.raised_at_s) }));
    this.over.hidden = !over.length;
    setText(this.count, fill(this.words.over, { count: over.length }));
    const span = (alert) => fill(this.words.from_to, { from: clock(alert.raised_at_s), to: clock(alert.cleared_at_s) });
    this.draw(this.past, over, span);
  }

  // A line is changed in place: a screen reader reads what is new, not everything every second.
  draw(list, alerts, when) {
    const keys = alerts.map((alert) => (alert.level ? `rule|${alert.id}` : `${alert.leg_id}|${alert.kind}|${alert.direction}|${alert.raised_at_s}`));
    const known = new Map([...list.children].map((line) => [line.dataset.key, line]));
    const lines = alerts.map((alert, index) => {
      const line = known.get(keys[index]) ?? this.line(keys[index], alert);
      setText(line.children[0].lastChild, alert.level ? nameOfRule(alert, this.locale) : this.sentence(alert, this.nameOf(alert.leg_id)));
      setText(line.children[1], when(alert));
      if (!alert.level) setTip(line.children[0].lastChild, this.words.sources[[...alert.sources].sort().join()]);
      return line;
    });
    if (lines.length !== list.children.length || lines.some((line, index) => list.children[index] !== line)) list.replaceChildren(...lines);
  }

  // What a rule found says how much it matters, and leads to where it was said.
  line(key, alert) {
    if (!alert.level) return el("li", { "data-key": key, "data-kind": alert.kind }, el("span", {}, el("span")), el("small"));
    const { levels, line_tip, show } = this.textWords;
    const level = levels[alert.level];
    const where = alert.utterance_ids[0];
    const name = where ? el("button", { type: "button", class: "es-show" }) : el("span");
    setTip(name, [fill(line_tip, { level, category: alert.category }), where && show].filter(Boolean).join("\n"));
    if (where) name.addEventListener("click", () => this.showSaid(where));
    return el("li", { "data-key": key, "data-level": alert.level }, el("span", {}, el("b", { text: level }), " ", name), el("small"));
  }

  sentence(alert, subject) {
    const template = this.words.sentences[alert.direction ? `${alert.kind}/${alert.direction}` : alert.kind];
    const digits = DIGITS[alert.kind] ?? 1;
    return fill(template ?? `${alert.kind} {subject}`, { subject, worst: alert.worst.toFixed(digits), limit: alert.limit.toFixed(alert.kind === "low_mos" ? 1 : 0) });
  }
}
