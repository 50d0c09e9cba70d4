"""What may befall training images, as whole batches on the device that trains.

Each change is one that another hospital's scanner, or another hand on it, would make too. Nothing that is
painted in (calipers, text, blots) depends on the label.
"""
