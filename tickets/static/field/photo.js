// @ts-check
/** A photo is made smaller on the telephone: a bad line carries it then. */

import { exifOf, withExif } from "./exif.js";

/**
 * The photo to send: at most `side` pixels on its longer side, as JPEG. What this browser cannot draw goes as it is.
 * @param {File} file
 * @param {{ side: number, quality: number }} wanted quality from 0 to 1
 * @returns {Promise<Blob>}
 */
export async function smaller(file, { side, quality }) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    /** @type {Blob | null} */
    const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (!drawn || drawn.size >= file.size) return copy(file);
    const exif = exifOf(new Uint8Array(await file.arrayBuffer()));
    const bytes = new Uint8Array(await drawn.arrayBuffer());
    const made = exif ? withExif(bytes, exif) : bytes;
    return new Blob([/** @type {BlobPart} */ (made)], { type: "image/jpeg" });
  } catch {
    return copy(file); // a HEIC picture, where the browser knows none
  }
}

/**
 * The bytes, and not the file that they are in: a telephone may have deleted that when it is sent.
 * @param {File} file
 */
async function copy(file) {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}

/**
 * Draw a photo small.
 * @param {Blob} photo
 * @param {HTMLCanvasElement} canvas
 * @param {number} width in pixels
 */
export async function preview(photo, canvas, width) {
  try {
    const picture = await createImageBitmap(photo, { resizeWidth: width, resizeQuality: "medium" });
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
  } catch {
    canvas.hidden = true;
  }
}
