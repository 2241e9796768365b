"""What is shown: figures. Only this room imports matplotlib."""
