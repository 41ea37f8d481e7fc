// The technician's phone: light, no htmx.
import { startBase } from "./base";
import { startAutosave } from "../mobile/autosave";
import { startConnection } from "../mobile/connection";
import { startPhotos } from "../mobile/photos";
import { startLocation } from "./location";

startBase();
startLocation();
startConnection();
startAutosave();
startPhotos();
