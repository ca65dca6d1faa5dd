// SPDX-License-Identifier: Apache-2.0
//
// Images in IDX files.
//
// An IDX file of bytes [n, h, w] or [n, h, w, c] and one of labels [n] in,
// records with `image` [h, w, c] in 0…255 and `label` out.

#include "runtime/Data/Idx.h"
#include "runtime/Data/Source.h"

namespace lamina {
namespace runtime {

IdxFile IdxFile::read(FileBytes bytes, const std::string &name) {
  IdxFile file;
  const unsigned char *b = bytes.bytes();
  if (bytes.size() < 4 || b[0] != 0 || b[1] != 0 || b[3] == 0)
    throw Error(join(quote(name), " is no IDX file"));
  if (b[2] != 8)
    throw Error(join(quote(name), " has elements of type ", int(b[2]),
                     "; IDX files of bytes (type 8) are read"));
  size_t start = 4 + 4 * size_t(b[3]);
  if (bytes.size() < start)
    throw Error(join(quote(name), " ends inside its header"));
  for (size_t d = 0; d < b[3]; ++d) {
    const unsigned char *at = b + 4 + 4 * d;
    file.shape.push_back(int64_t(at[0]) << 24 | at[1] << 16 | at[2] << 8 |
                         at[3]);
  }
  int64_t needs = elementCount(file.shape), has = int64_t(bytes.size() - start);
  if (has != needs)
    throw Error(join(quote(name), " should hold ", shapeText(file.shape), " = ",
                     needs, " bytes, but has ", has));
  file.data = b + start;
  file.owner = std::move(bytes);
  return file;
}

namespace {

class Images : public Source {
public:
  explicit Images(SourcePlan given) : Source(std::move(given)) {
    requireFields(plan);
    if (isFolder(plan.file))
      throw Error(join(quote(plan.file),
                       " is a folder; images are read from IDX files"));
    images = IdxFile::read(FileBytes::open(plan.file), plan.file);
    if (images.shape.size() == 3)
      images.shape.push_back(1);
    if (images.shape.size() != 4)
      throw Error(join(quote(plan.file), " holds ", shapeText(images.shape),
                       ", which is no list of images"));
    if (!plan.labels.empty())
      readLabels();
    std::vector<int64_t> one(images.shape.begin() + 1, images.shape.end());
    for (const Column &column : plan.columns) {
      if (column.field() == "image")
        requireShape(plan, column, one);
      else if (column.field() != "label" || plan.labels.empty())
        noSuchColumn(plan, column.field(), {"image", "label"});
    }
    bytesPerImage = elementCount(one);
  }

  int64_t count() const override { return images.shape[0]; }

  void read(int64_t record, size_t column, char *out) const override {
    const Column &c = plan.columns[column];
    if (c.field() == "label")
      return putInt(record, column, out, 0, labels.data[record]);
    const unsigned char *from = images.data + record * bytesPerImage;
    // Bytes need no check against 256, and images are most of what is read.
    bool unchecked = c.below < 0 || c.below >= 256;
    if (unchecked && c.element == Element::F32)
      return widen(from, reinterpret_cast<float *>(out));
    if (unchecked && c.element == Element::I32)
      return widen(from, reinterpret_cast<int32_t *>(out));
    for (int64_t i = 0; i < bytesPerImage; ++i)
      putInt(record, column, out, i, from[i]);
  }

private:
  template <typename T>
  void widen(const unsigned char *from, T *to) const {
    for (int64_t i = 0; i < bytesPerImage; ++i)
      to[i] = T(from[i]);
  }

  void readLabels() {
    labels = IdxFile::read(FileBytes::open(plan.labels), plan.labels);
    if (labels.shape.size() != 1 || labels.shape[0] != count())
      throw Error(join(quote(plan.file), " holds ", counted(count(), "image"),
                       ", but ", quote(plan.labels), " holds ",
                       shapeText(labels.shape), " labels"));
  }

  IdxFile images, labels;
  int64_t bytesPerImage = 0;
};

} // namespace

std::unique_ptr<Source> openImages(SourcePlan plan) {
  return std::make_unique<Images>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
