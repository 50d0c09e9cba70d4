"""What several stages ask of the network: associations as an SCU, HTTP servers, TLS, multipart bodies."""
