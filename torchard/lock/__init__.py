"""Every package of one environment for one Mac class, solved on the controller."""
