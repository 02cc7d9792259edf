"""What trials read: data sets shared on Ray, and the information in them."""
