"""测点设置: the authority sets, corrects and undoes what statistics rest on."""
