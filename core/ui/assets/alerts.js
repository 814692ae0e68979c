// Alerts about the network: what is wrong now, worst first, and what was, folded away. The server judges; this shows.

const SEVERITY = ["no_media", "one_way_audio", "low_mos", "packet_loss", "high_rtt", "high_jitter", "stats_gap"];
const DIGITS = { no_media: 0, one_way_audio: 0, stats_gap: 0, high_rtt: 0, high_jitter: 0, low_mos: 2, packet_loss: 1 };

class AlertList {
  constructor(words) {
    this.words = words;
    this.now = el("ul", { class: "es-alerts", role: "status", "aria-label": words.alerts });
    this.count = el("summary");
    setTip(this.count, words.over_tip);
    this.past = el("ul", { class: "es-alerts" });
    this.over = el("details", { class: "es-over", hidden: true }, this.count, this.past);
    this.root = el("div", { class: "es-alert-list", hidden: true }, this.now, this.over);
  }

  // `nameOf` gives the name of a leg's participant.
  show(alerts, nameOf) {
    const open = alerts.filter((alert) => alert.cleared_at_s === null);
    const over = alerts.filter((alert) => alert.cleared_at_s !== null);
    open.sort((a, b) => SEVERITY.indexOf(a.kind) - SEVERITY.indexOf(b.kind) || a.raised_at_s - b.raised_at_s);
    over.sort((a, b) => b.cleared_at_s - a.cleared_at_s);
    this.root.hidden = !alerts.length;
    this.draw(this.now, open, (alert) => fill(this.words.since, { time: clock(alert.raised_at_s) }), nameOf);
    this.over.hidden = !over.length;
    setText(this.count, fill(this.words.over, { count: over.length }));
    const span = (alert) => fill(this.words.from_to, { from: clock(alert.raised_at_s), to: clock(alert.cleared_at_s) });
    this.draw(this.past, over, span, nameOf);
  }

  // A line is changed in place: a screen reader reads what is new, not everything every second.
  draw(list, alerts, when, nameOf) {
    const keys = alerts.map((alert) => `${alert.leg_id}|${alert.kind}|${alert.direction}|${alert.raised_at_s}`);
    const known = new Map([...list.children].map((line) => [line.dataset.key, line]));
    const lines = alerts.map((alert, index) => {
      const line = known.get(keys[index]) ?? el("li", { "data-key": keys[index], "data-kind": alert.kind }, el("span"), el("small"));
      setText(line.children[0], this.sentence(alert, nameOf(alert.leg_id)));
      setText(line.children[1], when(alert));
      return line;
    });
    if (lines.length !== list.children.length || lines.some((line, index) => list.children[index] !== line)) list.replaceChildren(...lines);
  }

  sentence(alert, subject) {
    const template = this.words.sentences[alert.direction ? `${alert.kind}/${alert.direction}` : alert.kind];
    const digits = DIGITS[alert.kind] ?? 1;
    return fill(template ?? `${alert.kind} {subject}`, { subject, worst: alert.worst.toFixed(digits), limit: alert.limit.toFixed(alert.kind === "low_mos" ? 1 : 0) });
  }
}
