"""数采仪: stations, their live frames, commands, settings, keys; quarantine; forwarding."""
