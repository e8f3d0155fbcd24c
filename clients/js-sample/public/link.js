// Follows /v1/hub/changes with the stock SignalR client and never gives up: the client reconnects by itself,
// and after every reconnect the stream is subscribed again from the caller's own cursor.

const kFirstDelay = 200; // milliseconds, doubled up to kLongestDelay
const kLongestDelay = 2000;

const backOff = (attempt) => Math.min(kLongestDelay, kFirstDelay * 2 ** Math.min(attempt, 10)) * (0.8 + Math.random() * 0.4);

export class Link {
  #connection;
  #subscription = null;
  #attempt = 0; // subscriptions without a batch or a "live" so far
  #timer = 0;

  // signalR: the stock client. token(): promise of a token, may refuse. from(): {cursor} or {since}.
  // onItem(item): what the stream brought. onState(state): connecting, catching-up, live or reconnecting.
  // onRefused(message): the server would not serve the cursor.
  constructor({ signalR, token, from, onItem, onState, onRefused }) {
    Object.assign(this, { from, onItem, onState, onRefused });
    this.#connection = new signalR.HubConnectionBuilder()
      .withUrl("/v1/hub/changes", { accessTokenFactory: token, transport: signalR.HttpTransportType.WebSockets })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: (retry) => backOff(retry.previousRetryCount) })
      .configureLogging(signalR.LogLevel.None) // the page shows its state itself
      .build();
    this.connected = () => this.#connection.state === signalR.HubConnectionState.Connected;
    this.#connection.onreconnecting(() => this.onState("reconnecting"));
    this.#connection.onreconnected(() => this.subscribe());
    this.#connection.onclose(() => setTimeout(() => this.start(), backOff(this.#attempt))); // the server said goodbye for good
  }

  async start() {
    this.onState("connecting");
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#connection.start();
        break;
      } catch {
        this.onState("reconnecting");
        await new Promise((resolve) => setTimeout(resolve, backOff(attempt)));
      }
    }
    this.subscribe();
  }

  // Ends the stream, if there is one, and begins another from the caller's cursor a moment later.
  resubscribe() {
    clearTimeout(this.#timer);
    this.#subscription?.dispose();
    this.#subscription = null;
    if (this.connected()) this.onState("catching-up");
    this.#timer = setTimeout(() => { if (this.connected()) this.subscribe(); }, backOff(this.#attempt));
    this.#attempt += 1;
  }

  // The same at once.
  subscribe() {
    clearTimeout(this.#timer);
    this.#subscription?.dispose();
    this.onState("catching-up");
    const mine = {};
    this.#subscription = mine;
    const current = (action) => (value) => { if (this.#subscription === mine) action(value); };
    const stream = this.#connection.stream("Subscribe", this.from()).subscribe({
      next: current((item) => this.#take(item)),
      error: current((error) => this.#ended(error.message)),
      complete: current(() => this.#ended("")),
    });
    mine.dispose = () => stream.dispose();
  }

  #take(item) {
    if (item.k === "batch" || item.k === "live") this.#attempt = 0;
    if (item.k === "live") this.onState("live");
    this.onItem(item);
  }

  // A stream that ends with its connection comes back in onreconnected; one that ends alone is begun again.
  #ended(message) {
    this.#subscription = null;
    if (/cursor|log-reset/i.test(message)) this.onRefused(message);
    if (this.connected()) this.resubscribe();
  }
}
