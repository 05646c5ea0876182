export * from "modelport/all/http.js";
