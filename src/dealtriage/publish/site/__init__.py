"""The static site: a page per rep, deal and manager, and how often past lists were right. It needs no server and asks nothing of any."""
