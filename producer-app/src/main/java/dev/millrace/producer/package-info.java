/// Takes documents over REST and from files and puts them on Kafka, with a delivery report for each.
@NullMarked
package dev.millrace.producer;

import org.jspecify.annotations.NullMarked;
