"""What do you want? The lab file: read with positions, checked, and made a frozen model."""
