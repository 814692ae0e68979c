// What is wrong with the call and what to do: causes, worst first, each with the figures that show it. The server finds
// them and puts them into words; this shows. Nothing is shown while all is well.

class DiagnosisCard {
  constructor(words) {
    this.words = words;
    const shell = card(words.diagnosis);
    this.root = shell.root;
    this.root.classList.add("es-wrong");
    this.root.hidden = true;
    setTip(shell.head.firstChild, words.diagnosis_tip);
    this.now = el("ul", { class: "es-troubles-found", role: "status" });
    this.count = el("summary");
    this.rest = el("ul", { class: "es-troubles-found" });
    this.more = el("details", { class: "es-more", hidden: true }, this.count, this.rest);
    shell.body.append(this.now, this.more);
  }

  show(diagnoses) {
    const now = diagnoses.filter((each) => each.end_s === null && !each.is_routine);
    const rest = diagnoses.filter((each) => !now.includes(each));
    this.root.hidden = !diagnoses.length;
    this.root.classList.toggle("es-calm", !now.length);
    this.draw(this.now, now);
    this.more.hidden = !rest.length;
    setText(this.count, fill(this.words.diagnosis_more, { count: rest.length }));
    this.draw(this.rest, rest);
  }

  // An item is changed in place: a screen reader reads what is new, not all figures every few seconds.
  draw(list, diagnoses) {
    const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
    const items = diagnoses.map((each) => {
      const key = `${each.cause}|${each.leg_id}|${each.direction}|${each.start_s}`;
      const item = known.get(key) ?? this.item(key);
      this.fill(item, each);
      return item;
    });
    if (items.length !== list.children.length || items.some((item, index) => list.children[index] !== item)) list.replaceChildren(...items);
  }

  item(key) {
    const title = el("p", { class: "es-trouble-title" }, el("b"), el("span", { class: "es-badge", hidden: true }), el("small"));
    const cure = el("p", { class: "es-trouble-cure" }, el("b", { text: this.words.diagnosis_cure }), " ", el("span"));
    return el("li", { "data-key": key }, title, el("p", { class: "es-trouble-meaning" }), cure, el("ul", { class: "es-trouble-evidence", "aria-live": "off" }));
  }

  fill(item, each) {
    const [title, meaning, cure, evidence] = item.children;
    const [name, badge, when] = title.children;
    setText(name, each.title);
    badge.hidden = each.is_certain;
    setText(badge, this.words.diagnosis_uncertain);
    setTip(badge, this.words.diagnosis_uncertain_tip);
    const from = clock(each.start_s);
    const span = each.end_s === null ? fill(this.words.since, { time: from }) : fill(this.words.from_to, { from, to: clock(each.end_s) });
    setText(when, span);
    setText(meaning, each.meaning);
    setText(cure.lastChild, each.cure);
    const state = JSON.stringify(each.evidence);
    if (evidence.dataset.state === state) return;
    evidence.dataset.state = state;
    evidence.replaceChildren(...each.evidence.map((figure) => this.figure(figure)));
  }

  figure({ label, value, limit }) {
    const told = limit && fill(this.words.diagnosis_limit, { limit });
    return el("li", {}, el("span", { text: label }), " ", el("b", { text: value }), told ? " " : null, told ? el("small", { text: told }) : null);
  }
}
