# Hashes, regular expressions and sorting over the lines of a text.
use strict;
use warnings;

my (%count, %pair, $numbers);
while (my $line = <>) {
  $numbers += length $1 while $line =~ /([0-9a-f]{8,})/g;
  my @words = $line =~ /\b([a-z]+)\b/g;
  ++$count{$_} for @words;
  ++$pair{"$words[$_ - 1] $words[$_]"} for 1 .. $#words;
  $line =~ s/(\w+) (\w+)/$2 $1/g;
}
my @order = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @order[0 .. 9];
printf "%d %d %d\n", scalar @order, scalar keys %pair, $numbers;
