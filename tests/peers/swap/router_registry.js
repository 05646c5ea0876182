export * from "modelport/all/routers.js";
