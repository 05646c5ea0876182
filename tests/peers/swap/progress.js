export * from "modelport/all/progress.js";
