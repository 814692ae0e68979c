// A list of rows in the order of time. It runs along with what is new until its reader scrolls up.

class Lines {
  constructor() {
    // A row has its node and `at`, its time in the call.
    this.rows = [];
    this.byId = new Map();
    this.following = true;
    this.lastTop = 0;
  }

  // `list` holds the rows' nodes, `scroller` scrolls them, `jump` leads back to the newest, `spoken` is read out.
  begin({ list, scroller, jump, spoken }) {
    Object.assign(this, { list, scroller, jump, spoken });
    this.resizer = new ResizeObserver(() => this.following && this.toLatest());
    this.resizer.observe(scroller);
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    jump.addEventListener("click", () => this.toLatest());
  }

  // Puts a row where its time belongs, nearly always at the end, and has `group(index)` say who speaks where that changes.
  settle(row) {
    const from = this.rows.indexOf(row);
    if (from >= 0) this.rows.splice(from, 1);
    let index = this.rows.length;
    while (index > 0 && this.rows[index - 1].at > row.at) index -= 1;
    this.rows.splice(index, 0, row);
    this.list.insertBefore(row.node, this.rows[index + 1]?.node ?? null);
    for (const at of [index, index + 1, from]) this.group(at);
  }

  remove(id) {
    const row = this.byId.get(id);
    if (!row) return;
    this.byId.delete(id);
    const index = this.rows.indexOf(row);
    this.rows.splice(index, 1);
    row.node.remove();
    this.group(index);
  }

  speak(text) {
    this.spoken.append(el("p", { text }));
    while (this.spoken.childElementCount > 5) this.spoken.firstChild.remove();
  }

  // Only a reader moves the list upwards; rows that grow do not.
  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < 40) this.following = true;
    else if (scrollTop < this.lastTop - 2) this.following = false;
    if (this.following) this.jump.hidden = true;
    this.lastTop = scrollTop;
  }

  toLatest() {
    this.following = true;
    this.jump.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  close() {
    this.resizer.disconnect();
  }
}

function noteId(note) {
  return `note|${note.at_s}|${note.code}|${note.subject}`;
}

function noteSeconds(note) {
  return Math.max(1, Math.round((note.until_s ?? note.at_s) - note.at_s));
}
