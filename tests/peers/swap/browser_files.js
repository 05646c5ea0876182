export * from "modelport/all/files.js";
