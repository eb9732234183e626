/// Checks what Millrace is deployed with: the manifests below `k8s` and the images' Dockerfiles.
@NullMarked
package dev.millrace.deployment;

import org.jspecify.annotations.NullMarked;
