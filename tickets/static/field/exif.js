// @ts-check
/**
 * What a camera wrote beside the pixels of a JPEG (Exif 2.32): a canvas loses it, so it is taken out of the original and
 * put into the smaller picture. Where and when a photo was taken, the hotline reads there. No page, no network.
 */

const SOI = 0xffd8, APP0 = 0xffe0, APP1 = 0xffe1, SOS = 0xffda;
const ORIENTATION = 0x0112;

/**
 * The segment of Exif data, without a turn in it: the canvas has turned the picture already.
 * @param {Uint8Array} jpeg
 * @returns {Uint8Array | null} null: it has none that can be read
 */
export function exifOf(jpeg) {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 4 || view.getUint16(0) !== SOI) return null;
  let at = 2;
  while (at + 4 <= jpeg.length) {
    const marker = view.getUint16(at);
    const end = at + 2 + view.getUint16(at + 2);
    if (marker < 0xffc0 || marker === SOS || end > jpeg.length) return null;
    if (marker === APP1 && text(jpeg, at + 4, 6) === "Exif\0\0") return upright(jpeg.slice(at, end));
    at = end;
  }
  return null;
}

/**
 * A JPEG with that segment in it.
 * @param {Uint8Array} jpeg
 * @param {Uint8Array} segment
 * @returns {Uint8Array}
 */
export function withExif(jpeg, segment) {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 6 || view.getUint16(0) !== SOI) return jpeg;
  // after what JFIF wants to be first
  const at = view.getUint16(2) === APP0 ? 4 + view.getUint16(4) : 2;
  const made = new Uint8Array(jpeg.length + segment.length);
  made.set(jpeg.subarray(0, at));
  made.set(segment, at);
  made.set(jpeg.subarray(at), at + segment.length);
  return made;
}

/** @param {Uint8Array} segment */
function upright(segment) {
  const tiff = 10; // marker, length, "Exif\0\0"
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const order = text(segment, tiff, 2);
  if (order !== "II" && order !== "MM") return null;
  const little = order === "II";
  try {
    const directory = tiff + view.getUint32(tiff + 4, little);
    const count = view.getUint16(directory, little);
    for (let n = 0; n < count; n += 1) {
      const entry = directory + 2 + 12 * n;
      if (view.getUint16(entry, little) === ORIENTATION) view.setUint16(entry + 8, 1, little);
    }
  } catch {
    return null; // it points beyond its end
  }
  return segment;
}

/** @param {Uint8Array} bytes @param {number} at @param {number} length */
function text(bytes, at, length) {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
