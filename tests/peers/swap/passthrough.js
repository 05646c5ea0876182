export * from "modelport/all/passthrough.js";
