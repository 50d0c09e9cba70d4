"""`preread simulate`: scanners that never existed send studies of nobody, as a department would."""
