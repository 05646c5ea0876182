// Files of Keras and safetensors. What converts them is loaded when the first one comes.

const SUFFIXES = [".h5", ".hdf5", ".keras", ".safetensors"];

/** Whether a file is of a kind that has to be converted. Its content decides what it is. */
export const isForeign = ({ name }) => SUFFIXES.some((suffix) => name.toLowerCase().endsWith(suffix));

/** What a file is called without its suffix. */
export const stemOf = ({ name }) => name.replace(/(\.weights)?\.[^.]+$/, "");

/** Converts a file and saves it at a URL; gives the changes, one line each. */
export async function convertFile(file, to, options) {
  const { convertToURL } = await import("../modelport/convert/convert.js");
  const { report } = await convertToURL(file, to, options);
  return report.split("\n").filter((line) => line !== "");
}
