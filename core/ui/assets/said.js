// What was being said around one moment of a call, with the way to the transcript.

const AROUND_S = 12;
const MOST_SAID = 7;

class Said {
  constructor(words) {
    this.words = words;
    this.heading = el("h3", { text: words.said });
    this.list = el("ol", { class: "es-said-list" });
    this.note = el("p", { class: "es-empty", text: words.choose });
    this.link = el("a", { class: "es-said-link", text: words.transcript, hidden: true });
    this.root = el("section", { class: "es-said", "aria-live": "polite", "aria-label": words.said }, this.heading, this.note, this.list, this.link);
  }

  take(said, transcript) {
    this.said = said;
    this.transcript = transcript;
    if (!said.length) setText(this.note, this.words.nothing_said);
  }

  // The utterances nearest to the moment, in order; those that cover it are highlighted.
  show(atS) {
    const distance = (each) => Math.max(0, each.start_s - atS, atS - each.end_s);
    const near = this.said
      .filter((each) => distance(each) <= AROUND_S)
      .sort((one, other) => distance(one) - distance(other))
      .slice(0, MOST_SAID)
      .sort((one, other) => one.start_s - other.start_s);
    setText(this.heading, fill(this.words.said_at, { time: clock(atS) }));
    this.list.replaceChildren(...near.map((each) => this.line(each, distance(each) === 0)));
    const isSilent = !near.some((each) => distance(each) === 0);
    this.note.hidden = !isSilent;
    setText(this.note, this.said.length ? this.words.silence : this.words.nothing_said);
    this.link.hidden = !this.said.length;
    this.link.href = urlOf(`${this.transcript}${(near.find((each) => distance(each) === 0)?.start_s ?? atS).toFixed(1)}`);
  }

  line(each, isNow) {
    const who = el("b", { text: each.speaker });
    who.style.color = each.colour;
    const text = el("span", { class: each.loss_pct === null ? null : "es-doubted", text: each.text });
    const row = el("li", { class: isNow ? "es-now" : null, "aria-current": isNow ? "true" : null }, el("time", { text: clock(each.start_s) }), " ", who, " ", text);
    if (each.loss_pct !== null) {
      const told = { confidence: Math.round(each.confidence * 100), loss: each.loss_pct.toFixed(0) };
      row.append(el("p", { class: "es-doubt", text: fill(this.words.doubted, told) }));
    } else if (isNow && each.confidence !== null) {
      row.append(" ", el("small", { text: fill(this.words.confidence, { percent: Math.round(each.confidence * 100) }) }));
    }
    return row;
  }
}
