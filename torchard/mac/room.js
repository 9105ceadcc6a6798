// Prints one integer: how many bytes the volume of a path has for an important use. macOS removes
// purgeable files for such a use, which df does not count as free.
ObjC.import('Foundation');
function run(words) {
  const found = Ref();
  const key = 'NSURLVolumeAvailableCapacityForImportantUsageKey';
  const url = $.NSURL.fileURLWithPath(words[0]);
  return url.getResourceValueForKeyError(found, key, null) ? String(ObjC.unwrap(found[0])) : '';
}
