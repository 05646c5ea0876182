export * from "modelport";
