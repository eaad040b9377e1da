namespace KeycloakAccess.Hosting;

/// <summary>Every <c>code</c> of problem details. docs/errors.md says what each means.</summary>
internal static class ProblemCode
{
    public const string AccountDisabled = "account_disabled";
    public const string AccountKindRefused = "account_kind_refused";
    public const string AntiforgeryRefused = "antiforgery_refused";
    public const string BodyTooLarge = "body_too_large";
    public const string CharsetUnsupported = "charset_unsupported";
    public const string Conflict = "conflict";
    public const string ContentEncodingUnsupported = "content_encoding_unsupported";
    public const string GrantRefused = "grant_refused";
    public const string FormExpired = "form_expired";
    public const string HeadersTooLarge = "headers_too_large";
    public const string HostRefused = "host_refused";
    public const string IdempotencyKeyInUse = "idempotency_key_in_use";
    public const string IdempotencyKeyMalformed = "idempotency_key_malformed";
    public const string IdempotencyKeyReused = "idempotency_key_reused";
    public const string InsufficientScope = "insufficient_scope";
    public const string InsufficientUserAuthentication = "insufficient_user_authentication";
    public const string InternalError = "internal_error";
    public const string InvalidDpopProof = "invalid_dpop_proof";
    public const string InvalidRequest = "invalid_request";
    public const string InvalidToken = "invalid_token";
    public const string LastSuperuser = "last_superuser";
    public const string MediaTypeUnsupported = "media_type_unsupported";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string NotFound = "not_found";
    public const string OriginRefused = "origin_refused";
    public const string PermissionDenied = "permission_denied";
    public const string PermissionMissing = "permission_missing";
    public const string PreconditionFailed = "precondition_failed";
    public const string PreconditionMalformed = "precondition_malformed";
    public const string PreconditionMissing = "precondition_missing";
    public const string RealmUnreachable = "realm_unreachable";
    public const string RequestRefused = "request_refused";
    public const string RowHidden = "row_hidden";
    public const string SessionMissing = "session_missing";
    public const string SslRequired = "ssl_required";
    public const string TokenMissing = "token_missing";
    public const string TooManyRequests = "too_many_requests";
    public const string Unavailable = "unavailable";
    public const string UseDpopNonce = "use_dpop_nonce";
}
