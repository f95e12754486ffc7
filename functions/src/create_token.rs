//! createToken: exchanges a client's credentials for an access token, as RFC 6749 says. Nothing is stored: the token
//! carries its own proof.

use api::oauth::{self, AccessToken, OAuthError, TokenRequest};
use api::{Dialect, Failure, Problem, Scope};
use lambda_http::http::header;
use serde_json::Value;

use crate::shell::{Answer, Fault, Knock, Operation, Route, Run};

/// The operation.
pub const OPERATION: Operation = Operation {
    name: "create_token",
    routes: &[Route {
        method: "POST",
        path: "/oauth/token",
        scope: Scope::Read,
        dialect: Dialect::Liquido,
        run: Run::Unknown(|knock| Box::pin(liquido(knock))),
    }],
};

async fn liquido(knock: &Knock<'_>) -> Result<Answer, Fault> {
    let header = |name| knock.request.headers().get(name).and_then(|value| value.to_str().ok());
    let asked = TokenRequest::read(header(header::AUTHORIZATION), header(header::CONTENT_TYPE), knock.request.body());
    let asked = match asked {
        Ok(asked) => asked,
        Err(error) => return Ok(refused(error)),
    };

    let said = (asked.client_id.as_str(), asked.client_secret.as_str());
    let client = match knock.keyring.client(knock.store, said, knock.now, knock.meter).await {
        Err(fault) if fault.failure == Failure::Problem(Problem::UnknownCredentials) => {
            return Ok(refused(OAuthError::InvalidClient));
        }
        found => found?,
    };
    let token = AccessToken::mint(&client.key_id, &client.signing_key, knock.now.plus(oauth::LIFETIME));

    Ok(answer(200, oauth::granted(&token)))
}

fn refused(error: OAuthError) -> Answer {
    let mut refused = answer(error.status(), error.answer());
    if error == OAuthError::InvalidClient {
        refused.headers.push((header::WWW_AUTHENTICATE.as_str(), oauth::BASIC_CHALLENGE));
    }
    refused
}

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, headers: oauth::TOKEN_HEADERS.to_vec(), ..Answer::new(body) }
}
