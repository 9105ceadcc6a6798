"""The lab's Macs, looked at with testinfra: a pytest plugin, and the tests that every lab passes.

    pytest --torchard-lab inventory/lab.yaml

testinfra's own SSH backend reaches the Macs, so these tests use nothing of Torchard's connections.
"""
