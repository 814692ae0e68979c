// The stream of changes that a view is drawn from. Where the browser gives up reconnecting it is opened anew, ever less often.

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;

class ChangeStream {
  // `address()` is asked each time: its token may be a fresher one. `receive(change)`, `gone(message)` where there will be none
  // any more, `interrupted()`, and `isOver()`, whether its end was to be expected.
  constructor(address, { receive, gone, interrupted, isOver = () => false }) {
    this.address = address;
    this.told = { receive, gone, interrupted, isOver };
    this.retryMs = FIRST_RETRY_MS;
    this.open();
  }

  open() {
    clearTimeout(this.retry);
    this.source = new EventSource(urlOf(this.address()));
    this.source.onmessage = (event) => {
      this.retryMs = FIRST_RETRY_MS;
      this.told.receive(JSON.parse(event.data));
    };
    this.source.addEventListener("gone", (event) => {
      this.close();
      this.told.gone(JSON.parse(event.data).message);
    });
    this.source.addEventListener("done", () => this.close());
    this.source.onerror = () => this.broken();
  }

  broken() {
    if (this.told.isOver()) return this.close();
    this.told.interrupted();
    if (!this.isClosed) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  get isClosed() {
    return this.source.readyState === EventSource.CLOSED;
  }

  close() {
    clearTimeout(this.retry);
    this.source.close();
  }
}
