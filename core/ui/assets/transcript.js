// The transcript: utterances and notes in order of time. Interim text is grey but for its beginning that will stay,
// until its final version replaces it.

class Transcript extends Lines {
  // `tools`: `correct(id, text)` or null where the reader may not, and `link(seconds)`, a moment's address.
  constructor(words, tools) {
    super();
    this.words = words;
    this.tools = tools;
    this.marks = new Map();
    const shell = card(words.transcript);
    this.root = shell.root;
    this.root.classList.add("es-transcript");
    const list = el("div", { class: "es-lines", tabindex: "0", role: "log", "aria-live": "off", "aria-label": words.transcript });
    this.empty = el("p", { class: "es-empty", text: words.transcript_empty });
    const jump = el("button", { class: "es-jump", type: "button", text: `↓ ${words.jump}`, hidden: true });
    const spoken = el("div", { class: "es-sr", "aria-live": "polite" });
    shell.body.append(this.empty, list, jump, spoken);
    this.begin({ list, scroller: list, jump, spoken });
  }

  reset(utterances, notes) {
    const known = new Set(utterances.map((u) => u.id));
    notes.forEach((note) => known.add(noteId(note)));
    for (const id of [...this.byId.keys()]) if (!known.has(id)) this.remove(id);
    this.resetting = true;
    this.update(utterances, notes);
    this.resetting = false;
  }

  update(utterances, notes) {
    for (const utterance of utterances) {
      if (utterance.text) this.put(utterance);
      else this.remove(utterance.id);
    }
    for (const note of notes) this.putNote(note);
    if (!utterances.length && !notes.length) return;
    this.empty.hidden = this.rows.some((row) => row.kind === "utterance");
    if (this.following) this.toLatest();
    else this.jump.hidden = false;
  }

  // Alerts that rules raised: what was said is marked with the names of the rules that it met.
  showMarks(alerts) {
    this.marks = new Map();
    for (const alert of alerts) {
      for (const id of alert.utterance_ids) this.marks.set(id, [...(this.marks.get(id) ?? []), alert]);
    }
    for (const row of this.rows) if (row.kind === "utterance") this.mark(row);
  }

  mark(row) {
    const alerts = [...(this.marks.get(row.id) ?? [])].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
    const state = JSON.stringify(alerts.map((alert) => alert.id));
    if (state === (row.marksDrawn ?? "[]")) return;
    row.marksDrawn = state;
    row.flags?.remove();
    row.flags = alerts.length ? el("div", { class: "es-flags" }, ...alerts.map((alert) => this.flag(alert))) : null;
    if (row.flags) row.said.append(row.flags);
    if (alerts.length) row.node.dataset.level = alerts[0].level;
    else delete row.node.dataset.level;
    if (this.following) this.toLatest();
  }

  flag(alert) {
    const { levels, mark_tip } = this.words.text_alerts;
    const name = nameOfRule(alert, this.tools.locale);
    const level = levels[alert.level];
    const node = el("span", { class: "es-flag", "data-level": alert.level }, el("span", { text: name }));
    setTip(node, fill(mark_tip, { level, name, category: alert.category }));
    return node;
  }

  ended() {
    setText(this.empty, this.words.transcript_empty_ended);
  }

  recolour(colours) {
    this.colours = colours;
    for (const row of this.rows) if (row.kind === "utterance") this.colour(row);
  }

  colour(row) {
    row.node.style.setProperty("--who", this.colours.get(row.speaker) ?? "var(--st-gray-text-color)");
  }

  put(utterance) {
    let row = this.byId.get(utterance.id);
    if (!row) {
      const stable = el("span");
      const unsure = el("span", { class: "es-unsure" });
      const text = el("span", { class: "es-text" }, stable, unsure);
      const doubt = el("span", { class: "es-doubt", text: "?", role: "img", "aria-label": this.words.uncertain });
      const name = el("span", { class: "es-name" });
      const time = el("button", { class: "es-time", type: "button" });
      const mended = el("span", { class: "es-mended", text: this.words.corrected, hidden: true });
      const typed = el("span", { class: "es-how-said", text: this.words.typed, hidden: true });
      setTip(typed, this.words.typed_tip);
      const cut = el("span", { class: "es-how-said es-cut", text: this.words.cut, hidden: true });
      setTip(cut, this.words.cut_tip);
      const said = el("div", { class: "es-said" }, name, text, typed, cut, doubt, mended);
      const node = el("div", { class: "es-line" }, time, said);
      row = { kind: "utterance", id: utterance.id, node, text, stable, unsure, typed, cut, doubt, mended, name, time, said };
      time.addEventListener("click", () => this.copyMoment(row));
      if (this.tools.correct) {
        row.pencil = el("button", { class: "es-pencil", type: "button", text: "✎", "aria-label": this.words.correct, hidden: true });
        setTip(row.pencil, this.words.correct);
        row.pencil.addEventListener("click", () => this.edit(row));
        said.append(row.pencil);
      }
      this.byId.set(utterance.id, row);
      this.mark(row);
    }
    if (row.at !== utterance.start_s || row.speaker !== utterance.participant_id) {
      row.at = utterance.start_s;
      row.speaker = utterance.participant_id;
      this.settle(row);
      this.colour(row);
    }
    const role = this.words.roles[utterance.role] ?? utterance.role;
    setText(row.name, utterance.speaker === role || !utterance.speaker ? role : `${utterance.speaker} · ${role}`);
    setText(row.time, clock(utterance.start_s));
    setTip(row.time, this.timeTip(utterance));
    // Characters are counted as Python counts them, not in UTF-16.
    const signs = [...utterance.text];
    const stable = utterance.is_final ? signs.length : utterance.stable_chars;
    setText(row.stable, signs.slice(0, stable).join(""));
    setText(row.unsure, signs.slice(stable).join(""));
    row.node.classList.toggle("es-interim", !utterance.is_final);
    if (row.pencil) row.pencil.hidden = !utterance.is_final || Boolean(row.editor);
    if (row.editor && utterance.text === row.sent) this.closeEditor(row);
    row.typed.hidden = !utterance.is_typed;
    row.cut.hidden = !utterance.is_cut;
    row.mended.hidden = !utterance.correction;
    if (utterance.correction) {
      const { by, original } = utterance.correction;
      setTip(row.mended, fill(this.words.corrected_tip, { name: by, original }));
    }
    row.doubt.hidden = !(utterance.uncertain && utterance.is_final);
    if (!row.doubt.hidden) {
      const percent = Math.round((utterance.confidence ?? 0) * 100);
      setTip(row.doubt, `${this.words.uncertain} ${fill(this.words.confidence, { percent })}`);
    }
    row.node.classList.toggle("es-uncertain", !row.doubt.hidden);
    if (utterance.is_final && !row.final) {
      row.final = true;
      if (!this.resetting) this.speak(`${utterance.speaker || role}: ${utterance.text}`);
    }
  }

  // How the words came about stands where their time stands: whoever asks when is told how late, and by whom.
  timeTip(utterance) {
    const { copy_moment, turn_final, turn_first, turn_engine, turn_trace, turn_raw } = this.words;
    const lines = [copy_moment];
    if (utterance.is_final && utterance.trace_id) {
      const after = (at, since) => ({ seconds: Math.max(0, at - since).toFixed(1) });
      const first = utterance.first_interim_s;
      if (first !== null) lines.push(fill(turn_first, after(first, utterance.start_s)));
      lines.push(fill(turn_final, after(utterance.recognised_s, utterance.end_s)));
      const engine = [utterance.engine, utterance.model].filter(Boolean).join(" ");
      lines.push([engine && fill(turn_engine, { engine }), fill(turn_trace, { id: utterance.trace_id })].filter(Boolean).join(" · "));
    }
    if (utterance.raw_text) lines.push(fill(turn_raw, { raw: utterance.raw_text }));
    return lines.join("\n");
  }

  async copyMoment(row) {
    const link = this.tools.link(row.at);
    try {
      await navigator.clipboard.writeText(link);
      this.speak(this.words.moment_copied);
      row.time.classList.add("es-copied");
      setTimeout(() => row.time.classList.remove("es-copied"), 1500);
    } catch {
      window.prompt(this.words.copy_refused, link);
    }
  }

  edit(row) {
    if (row.editor) return;
    const field = el("textarea", { class: "es-editor", rows: "2", maxlength: "2000", "aria-label": this.words.correct });
    field.value = row.text.textContent;
    const save = el("button", { type: "button", text: this.words.save });
    const cancel = el("button", { type: "button", text: this.words.cancel });
    row.editor = el("div", { class: "es-editing" }, field, el("div", {}, save, cancel));
    row.field = field;
    row.save = save;
    save.addEventListener("click", () => this.send(row));
    cancel.addEventListener("click", () => this.closeEditor(row));
    field.addEventListener("keydown", (event) => {
      // While a Korean syllable is being composed, Enter ends the syllable and Escape takes it back.
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.send(row);
      } else if (event.key === "Escape") this.closeEditor(row);
    });
    row.text.hidden = true;
    row.pencil.hidden = true;
    row.said.append(row.editor);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  send(row) {
    const text = row.field.value.split(/\s+/).filter(Boolean).join(" ");
    if (!text || text === row.text.textContent) {
      this.closeEditor(row);
      return;
    }
    row.sent = text;
    row.save.textContent = this.words.saving;
    row.field.readOnly = true;
    this.tools.correct(row.id, text);
    // What is masked on the way comes back as another text, and what is refused not at all: the page says why.
    setTimeout(() => this.closeEditor(row), 4000);
  }

  closeEditor(row) {
    if (!row.editor) return;
    row.editor.remove();
    row.editor = row.sent = null;
    row.text.hidden = false;
    row.pencil.hidden = false;
    row.pencil.focus();
  }

  // Brings the utterance that was being said at a moment into view, and marks it.
  showMoment(seconds) {
    const spoken = this.rows.filter((row) => row.kind === "utterance");
    const row = spoken.filter((each) => each.at <= seconds + 0.2).pop() ?? spoken[0];
    if (row) this.bringIntoView(row);
    return Boolean(row);
  }

  // Brings an utterance into view, and marks it.
  showSaid(id) {
    const row = this.byId.get(id);
    if (row) this.bringIntoView(row);
  }

  bringIntoView(row) {
    this.following = false;
    this.marked?.classList.remove("es-moment");
    this.marked = row.node;
    row.node.classList.add("es-moment");
    this.list.scrollTop = row.node.offsetTop - this.list.offsetTop - this.list.clientHeight / 3;
    this.lastTop = this.list.scrollTop;
  }

  putNote(note) {
    const id = noteId(note);
    if (this.byId.has(id) || note.code in this.words.quiet_notes) return;
    const text = fill(this.words.notes[note.code] ?? `${note.code} {subject}`, { subject: note.subject, seconds: noteSeconds(note) });
    const node = el("div", { class: "es-note" }, el("time", { class: "es-time", text: clock(note.at_s) }), el("span", { text }));
    const row = { kind: "note", id, at: note.at_s, speaker: null, node };
    this.byId.set(id, row);
    this.settle(row);
  }

  group(index) {
    const row = this.rows[index];
    if (row?.kind === "utterance") row.node.classList.toggle("es-same", this.rows[index - 1]?.speaker === row.speaker);
  }
}
