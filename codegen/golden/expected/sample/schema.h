// The shapes of the service's structures, for codecs. Generated from the service's model; do not edit.
#pragma once

#include "aws/schema/shape.h"
#include "sample/types.h"

namespace holm::sample {

namespace schema {
extern const aws::Shape kPutItemRequest;
extern const aws::Shape kTag;
extern const aws::Shape kItem;
extern const aws::Shape kChoice;
extern const aws::Shape kServiceValue;
extern const aws::Shape kNode;
extern const aws::Shape kGetStreamRequest;
extern const aws::Shape kPutItemResult;
extern const aws::Shape kGetStreamResult;
}  // namespace schema

inline const aws::Shape& shape_of(const PutItemRequest&) { return schema::kPutItemRequest; }
inline const aws::Shape& shape_of(const Tag&) { return schema::kTag; }
inline const aws::Shape& shape_of(const Item&) { return schema::kItem; }
inline const aws::Shape& shape_of(const Choice&) { return schema::kChoice; }
inline const aws::Shape& shape_of(const ServiceValue&) { return schema::kServiceValue; }
inline const aws::Shape& shape_of(const Node&) { return schema::kNode; }
inline const aws::Shape& shape_of(const GetStreamRequest&) { return schema::kGetStreamRequest; }
inline const aws::Shape& shape_of(const PutItemResult&) { return schema::kPutItemResult; }
inline const aws::Shape& shape_of(const GetStreamResult&) { return schema::kGetStreamResult; }

}  // namespace holm::sample
