/**
 * An `EventTarget` whose listeners cannot end the worker: what one throws is reported, and the others still run.
 *
 * Deno's own would pass it on to the global scope, where it ends the process unless somebody catches it there. The same
 * goes for promises that a listener returns. Event handlers such as `onmessage` are as in HTML Standard section 8.1.8.1.
 *
 * @module
 */

/** An `EventTarget` that keeps what its listeners throw. */
export class GuardedEventTarget extends EventTarget {
  static readonly #guards = new WeakMap<EventListenerOrEventListenerObject, EventListener>();
  /** Called with what a listener has thrown, or the promise it returned was rejected with. */
  protected report: (error: unknown) => void = (error) => reportError(error);
  readonly #handlers = new Map<string, EventListener | null>();

  /**
   * Gives a class event handlers.
   *
   * @param prototype The prototype of the class.
   * @param types The types of events; the handlers are called `on` and the type.
   */
  protected static defineHandlers(prototype: GuardedEventTarget, types: readonly string[]): void {
    for (const type of types) {
      Object.defineProperty(prototype, `on${type}`, {
        get(this: GuardedEventTarget) {
          return this.#handlers.get(type) ?? null;
        },
        set(this: GuardedEventTarget, handler: EventListener | null) {
          this.#setHandler(type, handler);
        },
        enumerable: true,
        configurable: true,
      });
    }
  }

  /**
   * Adds a listener.
   *
   * @param type The type of event.
   * @param listener The listener.
   * @param options See `EventTarget`.
   */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener && GuardedEventTarget.#guard(listener), options);
  }

  /**
   * Removes a listener.
   *
   * @param type The type of event.
   * @param listener The listener.
   * @param options See `EventTarget`.
   */
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener && GuardedEventTarget.#guard(listener), options);
  }

  /** A handler keeps its place among the listeners when it is replaced. */
  #setHandler(type: string, handler: EventListener | null): void {
    if (!this.#handlers.has(type)) {
      this.addEventListener(type, (event) => this.#handlers.get(type)?.call(this, event));
    }
    this.#handlers.set(type, typeof handler === "function" ? handler : null);
  }

  /**
   * Makes of a listener one that does not throw; always the same one, so that it can be removed, and the same again of
   * that one, since Deno removes it by itself when a signal says so.
   */
  static #guard(listener: EventListenerOrEventListenerObject): EventListener {
    const known = this.#guards.get(listener);
    if (known !== undefined) return known;
    const guarded = function (this: GuardedEventTarget, event: Event): void {
      try {
        const isFunction = typeof listener === "function";
        const result: unknown = isFunction ? listener.call(this, event) : listener.handleEvent(event);
        if (result instanceof Promise) result.catch((error) => this.report(error));
      } catch (error) {
        this.report(error);
      }
    };
    this.#guards.set(listener, guarded).set(guarded, guarded);
    return guarded;
  }
}
