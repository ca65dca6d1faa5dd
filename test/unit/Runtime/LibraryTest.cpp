// SPDX-License-Identifier: Apache-2.0
//
// The C interface of a built library.
//
// The toy as a library: this test defines the image that a library exports.

#include "runtime/include/Lamina.h"

#include "test/unit/Runtime/Testing.h"
#include "test/unit/Runtime/Toy.h"

extern const LaminaImage lamina_image = toy::image(toy::tape());

static LaminaTensor tensor(const char *name, LaminaElement element,
                           std::vector<int64_t> shape, void *data) {
  LaminaTensor t = {name, element, int32_t(shape.size()), {}, data};
  std::copy(shape.begin(), shape.end(), t.shape);
  return t;
}

TEST(Library, CallsASample) {
  LaminaProgram *program = lamina_open(nullptr, 1);
  ASSERT_NE(program, nullptr) << lamina_error();
  int32_t prompt[] = {'a', 'b'};
  int64_t length = 3;
  LaminaTensor inputs[] = {tensor("prompt", LAMINA_I32, {1, 2}, prompt),
                           tensor("length", LAMINA_I64, {}, &length)};
  LaminaTensor output;
  EXPECT_EQ(lamina_call(program, "say", inputs, 2, &output, 1), 1)
      << lamina_error();
  EXPECT_EQ(std::string(output.name), "text");
  EXPECT_EQ(output.rank, 2);
  EXPECT_EQ(output.shape[1], 3);
  EXPECT_EQ(lamina_call(program, "say", inputs, 1, &output, 1),
            1); // the default length
  EXPECT_EQ(output.shape[1], 8);
  lamina_close(program);
}

TEST(Library, SaysWhatIsWrong) {
  LaminaProgram *program = lamina_open(nullptr, 1);
  int32_t prompt[] = {'a', 'b'};
  float real = 1;
  int64_t length = 3;
  LaminaTensor input = tensor("prompt", LAMINA_I32, {2}, prompt), output;
  EXPECT_EQ(lamina_call(program, "sing", &input, 1, &output, 1), -1);
  EXPECT_STREQ(lamina_error(), "this program has no sample or function 'sing'");
  EXPECT_EQ(lamina_call(program, "say", &input, 1, &output, 1), -1);
  EXPECT_STREQ(lamina_error(), "'prompt' is [2], but [1, t] is taken");
  EXPECT_EQ(lamina_call(program, "say", nullptr, 0, &output, 1), -1);
  EXPECT_STREQ(lamina_error(), "'prompt' is not given");
  input = tensor("prompt", LAMINA_F32, {1, 1}, &real);
  EXPECT_EQ(lamina_call(program, "say", &input, 1, &output, 1), -1);
  EXPECT_STREQ(lamina_error(), "'prompt' is f32, but i32 is taken");
  input = tensor("length", LAMINA_I64, {1}, &length);
  EXPECT_EQ(lamina_call(program, "say", &input, 1, &output, 1), -1);
  EXPECT_STREQ(lamina_error(), "'length' is a length: an I64 of rank 0");
  lamina_close(program);
  EXPECT_EQ(lamina_open("none.safetensors", 1), nullptr);
  EXPECT_STREQ(lamina_error(),
               "cannot read 'none.safetensors': no such file or directory");
}
