/** The little of the npm package `ws` that the tests use; its own types would bring all of Node's with them. */

/** Options of a client. */
export interface ClientOptions {
  /** Whether and how messages are compressed. */
  perMessageDeflate?: false | {
    /** Shorter messages are not compressed, in bytes. */
    threshold?: number;
    /** The largest window the server may use. */
    serverMaxWindowBits?: number;
    /** The largest window the client uses. */
    clientMaxWindowBits?: number;
  };
}

/** What a message is. */
export interface SendOptions {
  /** Whether it is bytes. */
  binary: boolean;
  /** Whether it ends here. */
  fin?: boolean;
}

/** Bytes that can be read as text. */
export interface Bytes {
  toString(): string;
}

/** A client. */
export class WebSocket {
  constructor(url: string, protocols: readonly string[], options: ClientOptions);
  readonly extensions: string;
  on(type: "open", listener: () => void): this;
  on(type: "pong", listener: (data: Bytes) => void): this;
  on(type: "message", listener: (data: Bytes, isBinary: boolean) => void): this;
  on(type: "error", listener: (error: Error) => void): this;
  on(type: "close", listener: (code: number, reason: Bytes) => void): this;
  send(data: string, options: SendOptions): void;
  ping(data: string): void;
  close(code: number, reason: string): void;
}
