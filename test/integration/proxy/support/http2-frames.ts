// Frames of HTTP/2, byte by byte, for clients that do what node:http2 never would. The benches use them, too.
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** RFC 9113, section 4.1. */
export function frame(kind: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(kind, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Indexed fields of HPACK: GET, https, /, and the authority "h". */
const get = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x68]);

/** The frame of a request on this stream. */
export function request(stream: number): Buffer {
  return frame(1, 5, stream, get);
}

/** The frame that takes back the request on this stream. */
export function cancel(stream: number): Buffer {
  return frame(3, 0, stream, Buffer.from([0, 0, 0, 8]));
}
