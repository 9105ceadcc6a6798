"""Simulated Macs behind loopback SSH, for practice, the demo and the tests. They are not Macs.

`simlab.lab.SimLab` starts a lab from Python, `simlab up DIR` from the command line.
"""
