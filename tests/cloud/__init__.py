"""`make infra-emulated`: staging on an AWS emulated on this machine, from nothing to nothing.

Terraform and its provider are the real ones. AWS is moto, as far as resources go; moto calls no
function, so API Gateway is ministack, set up by what Terraform made in moto: the same routes, stage
and settings of the function. Ministack runs images in Docker alone, so the handler is called in the
packages that the image holds (.venv-lambda), not in the image; `make test-slow` has that.
"""
