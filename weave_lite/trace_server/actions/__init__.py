"""Actions over calls: what each kind gives, and the run over a batch. Works on any trace server."""
