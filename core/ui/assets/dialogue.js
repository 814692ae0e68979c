// What both sides say, as whoever talks with a persona reads it: own words at the right, everybody else's at the left.

const SHOWN_NOTES = /^(persona_|supervision_barge_in$|supervision_take_over$|supervision_left$|media_restarted$|server_stopping$)/;
// States of a leg in which nobody is there, or about to come back.
const GONE = [null, "closed"];

class Dialogue extends Lines {
  constructor(words, { again, drop }) {
    super();
    this.tools = { again, drop };
    this.pending = new Map();
    this.customers = [];
    this.isAlone = true;
    const list = el("div", { class: "pt-lines", role: "log", "aria-live": "off", tabindex: "0" });
    this.unsent = el("div", { class: "pt-unsent" });
    this.empty = el("p", { class: "pt-empty" });
    const jump = el("button", { type: "button", class: "pt-jump", hidden: true });
    const spoken = el("div", { class: "pt-sr", "aria-live": "polite" });
    const scroller = el("div", { class: "pt-scroller" }, this.empty, list, this.unsent);
    this.root = el("div", { class: "pt-dialogue" }, scroller, jump, spoken);
    this.begin({ list, scroller, jump, spoken });
    this.relabel(words);
  }

  relabel(words) {
    this.words = words;
    this.list.setAttribute("aria-label", words.transcript);
    setText(this.jump, `↓ ${words.jump}`);
    this.sayEmpty();
    for (const row of this.rows) this.label(row);
    for (const line of this.pending.values()) line.drawn = "";
  }

  // Where several customers talk, each is told by name. Who came and went without a word is none of them.
  setCustomers(customers) {
    this.customers = customers;
    const spoke = new Set(this.rows.map((row) => row.speaker));
    const isAlone = customers.filter((one) => spoke.has(one.id) || !GONE.includes(one.leg_state)).length < 2;
    if (isAlone === this.isAlone) return;
    this.isAlone = isAlone;
    for (const row of this.rows) this.label(row);
  }

  // `isAll` for everything that there is: what is missing is gone.
  update(utterances, notes, isAll) {
    const told = [];
    if (isAll) this.forgetOthers(new Set([...utterances.map((one) => one.id), ...notes.map(noteId)]));
    for (const utterance of utterances) {
      if (utterance.text) this.put(utterance, isAll, told);
      else this.remove(utterance.id);
    }
    for (const note of notes) this.putNote(note);
    this.setCustomers(this.customers);
    this.sayEmpty();
    if (this.following) this.toLatest();
    else if (utterances.length) this.jump.hidden = false;
    return told;
  }

  forgetOthers(known) {
    for (const id of [...this.byId.keys()]) if (!known.has(id)) this.remove(id);
  }

  // Adds to `told` what is final for the first time.
  put(utterance, isAll, told) {
    let row = this.byId.get(utterance.id);
    if (!row) {
      row = { id: utterance.id, who: el("span", { class: "pt-who" }), text: el("span", { class: "pt-text" }), marks: el("span", { class: "pt-marks" }) };
      row.node = el("div", { class: "pt-said" }, row.who, el("div", { class: "pt-bubble" }, row.text, row.marks));
      this.byId.set(utterance.id, row);
    }
    const isMoved = row.at !== utterance.start_s;
    row.at = utterance.start_s;
    row.utterance = utterance;
    row.speaker = utterance.participant_id;
    row.node.dataset.role = utterance.role;
    row.node.toggleAttribute("data-interim", !utterance.is_final);
    setText(row.text, utterance.text);
    this.label(row);
    if (isMoved) this.settle(row);
    if (!utterance.is_final || row.isTold) return;
    row.isTold = true;
    told.push(utterance);
    if (!isAll) this.speak(`${row.who.textContent}: ${utterance.text}`);
  }

  label(row) {
    const { words } = this;
    if (row.note) {
      setText(row.node, fill(words.notes[row.note.code] ?? "", { subject: row.note.subject, seconds: noteSeconds(row.note) }));
      return;
    }
    const { utterance } = row;
    const isReader = utterance.role === "customer" && this.isAlone;
    setText(row.who, isReader ? words.you : utterance.speaker || words.roles[utterance.role]);
    const marks = [utterance.is_typed && words.typed, utterance.is_cut && words.cut].filter(Boolean);
    setText(row.marks, marks.join(" · "));
  }

  putNote(note) {
    const id = noteId(note);
    if (this.byId.has(id) || !SHOWN_NOTES.test(note.code) || !this.words.notes[note.code]) return;
    const row = { id, at: note.at_s, note, speaker: null, node: el("p", { class: "pt-note" }) };
    this.byId.set(id, row);
    this.label(row);
    this.settle(row);
  }

  group(index) {
    const row = this.rows[index];
    if (row?.utterance) row.node.toggleAttribute("data-same", this.rows[index - 1]?.speaker === row.speaker);
  }

  // What was written and has not come back yet.
  showUnsent(entries) {
    const known = new Set(entries.map((entry) => entry.id));
    for (const [id, line] of this.pending) {
      if (known.has(id)) continue;
      line.node.remove();
      this.pending.delete(id);
    }
    let isNew = false;
    for (const entry of entries) {
      let line = this.pending.get(entry.id);
      if (!line) {
        isNew = true;
        line = { state: el("span", { class: "pt-marks" }), buttons: el("span", { class: "pt-buttons" }) };
        line.node = el("div", { class: "pt-said", "data-role": "customer" }, el("div", { class: "pt-bubble" }, el("span", { class: "pt-text", text: entry.text }), line.state, line.buttons));
        this.pending.set(entry.id, line);
        this.unsent.append(line.node);
      }
      this.drawUnsent(line, entry);
    }
    this.sayEmpty();
    if (isNew || this.following) this.toLatest();
  }

  drawUnsent(line, entry) {
    const { words } = this;
    const drawn = JSON.stringify([entry.state, entry.reason, entry.again ?? false, this.isOver ?? false]);
    if (line.drawn === drawn) return;
    line.drawn = drawn;
    line.node.dataset.sending = entry.state;
    const isFailed = entry.state === "failed";
    const reason = this.isOver ? words.refusals.CallEnded : words.refusals[entry.reason] ?? (entry.reason ? words.refused : words.unreachable);
    const state = isFailed ? fill(words.not_sent, { reason }) : entry.state === "accepted" ? words.sent : entry.again ? words.sending_again : words.sending;
    setText(line.state, state);
    line.buttons.replaceChildren(
      ...(isFailed ? [...(this.isOver ? [] : [this.button(words.try_again, () => this.tools.again(entry.id))]), this.button(words.discard, () => this.tools.drop(entry.id))] : [])
    );
    if (isFailed) this.speak(state);
  }

  button(text, act) {
    const button = el("button", { type: "button", text });
    button.addEventListener("click", act);
    return button;
  }

  over() {
    this.isOver = true;
    this.sayEmpty();
  }

  sayEmpty() {
    this.empty.hidden = this.byId.size > 0 || this.pending.size > 0;
    setText(this.empty, this.isOver ? this.words.nothing_said : this.words.nothing_yet);
  }
}
