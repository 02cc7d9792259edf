"""Kubernetes: the image, the manifests, and the job generator that makes a RayJob of any study."""
